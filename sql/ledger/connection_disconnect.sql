-- There is no token that works. Parameters: connection_id, reason.
UPDATE reconciler.connections
SET disconnected_at = coalesce(disconnected_at, reconciler.clock()), disconnected_reason = :reason
WHERE connection_id = :connection_id;
