-- No pushing and no calls: somebody said so, or something has to be confirmed first.
-- Parameters: connection_id, reason (or NULL), message (or NULL).
UPDATE reconciler.connections
SET paused_at = coalesce(paused_at, reconciler.clock()),
    paused_reason = coalesce(CAST(:reason AS text), paused_reason),
    paused_message = coalesce(CAST(:message AS text), paused_message)
WHERE connection_id = :connection_id;
