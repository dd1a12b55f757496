-- Nothing holds a connection any more. Parameter: connection_id.
WITH lifted AS (
    UPDATE reconciler.holds SET lifted_at = reconciler.clock()
    WHERE connection_id = :connection_id AND lifted_at IS NULL
)
UPDATE reconciler.connections SET held_at = NULL, held_reason = NULL, held_message = NULL, held_run_id = NULL
WHERE connection_id = :connection_id AND held_at IS NOT NULL;
