-- Note everybody who is to be decided, where a connection is from before there were notes. Parameter: connection_id.
WITH without AS (
    UPDATE reconciler.connections SET has_notes = true WHERE connection_id = :connection_id AND NOT has_notes
    RETURNING connection_id
)
INSERT INTO reconciler.candidates (connection_id, contact_id)
SELECT w.connection_id, u.contact_id FROM without AS w CROSS JOIN LATERAL reconciler.undecided(w.connection_id) AS u;
