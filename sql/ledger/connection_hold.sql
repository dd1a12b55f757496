-- Hold a connection; what stands for the same reason goes on. Other numbers are those of another run: that is the one to
-- answer from then on.
-- Parameters: connection_id, run_id, reason, message, counts.
WITH other AS (
    UPDATE reconciler.holds SET lifted_at = reconciler.clock()
    WHERE connection_id = :connection_id AND lifted_at IS NULL AND reason <> :reason
), same AS (
    UPDATE reconciler.holds SET message = :message, counts = CAST(:counts AS jsonb),
        run_id = CASE WHEN counts = CAST(:counts AS jsonb) THEN run_id ELSE :run_id END
    WHERE connection_id = :connection_id AND lifted_at IS NULL AND reason = :reason
    RETURNING run_id, held_at
), now AS (
    SELECT coalesce((SELECT run_id FROM same), :run_id) AS run_id,
           coalesce((SELECT held_at FROM same), reconciler.clock()) AS held_at
)
UPDATE reconciler.connections AS c
SET held_at = n.held_at, held_reason = :reason, held_message = :message, held_run_id = n.run_id
FROM now AS n WHERE c.connection_id = :connection_id
RETURNING NOT EXISTS (SELECT FROM same) AS is_new, n.held_at;
