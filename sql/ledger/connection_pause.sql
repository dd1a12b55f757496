-- No pushing and no calls: somebody said so, or something has to be confirmed first.
-- Parameters: connection_id, reason (or NULL), message (or NULL).
UPDATE reconciler.connections
SET paused_at = coalesce(paused_at, reconciler.clock()), paused_reason = CAST(:reason AS text),
    paused_message = CAST(:message AS text)
WHERE connection_id = :connection_id;
