-- Nothing holds a connection any more. Parameter: connection_id.
UPDATE reconciler.connections SET held_at = NULL, held_reason = NULL, held_message = NULL
WHERE connection_id = :connection_id AND held_at IS NOT NULL;
