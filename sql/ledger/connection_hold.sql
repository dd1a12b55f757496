-- Hold a connection until somebody acts. Parameters: connection_id, reason, message.
UPDATE reconciler.connections
SET held_at = coalesce(held_at, reconciler.clock()), held_reason = :reason, held_message = :message
WHERE connection_id = :connection_id;
