-- How many on the list the mirror has as updated after a moment, and the last time of theirs. Who was missed by the
-- last reading of the list is not counted. Parameters: connection_id, since.
SELECT count(*) AS members, max(updated_at) AS latest FROM reconciler.members
WHERE connection_id = :connection_id AND on_list AND absent_at IS NULL AND updated_at > CAST(:since AS timestamptz);
