-- What holds a connection still does, with the numbers of now; nothing where somebody has lifted it meanwhile.
-- Parameters: connection_id, reason, message, counts.
WITH noted AS (
    UPDATE reconciler.holds SET message = :message, counts = CAST(:counts AS jsonb)
    WHERE connection_id = :connection_id AND lifted_at IS NULL AND reason = :reason RETURNING connection_id
)
UPDATE reconciler.connections AS c SET held_message = :message FROM noted AS n WHERE c.connection_id = n.connection_id;
