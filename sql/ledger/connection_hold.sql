-- Hold a connection; what stands for the same reason goes on, with its numbers as they are now.
-- Parameters: connection_id, run_id, reason, message, counts.
WITH other AS (
    UPDATE reconciler.holds SET lifted_at = reconciler.clock()
    WHERE connection_id = :connection_id AND lifted_at IS NULL AND reason <> :reason
), same AS (
    UPDATE reconciler.holds SET message = :message, counts = CAST(:counts AS jsonb)
    WHERE connection_id = :connection_id AND lifted_at IS NULL AND reason = :reason
    RETURNING run_id, held_at
), now AS (
    SELECT coalesce((SELECT run_id FROM same), :run_id) AS run_id,
           coalesce((SELECT held_at FROM same), reconciler.clock()) AS held_at
)
UPDATE reconciler.connections AS c
SET held_at = n.held_at, held_reason = :reason, held_message = :message, held_run_id = n.run_id
FROM now AS n WHERE c.connection_id = :connection_id
RETURNING n.run_id = :run_id AS is_new, n.held_at;
