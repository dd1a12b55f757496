-- No pushing and no calls, or again both. Parameters: connection_id, paused.
UPDATE reconciler.connections SET paused_at = CASE WHEN :paused THEN coalesce(paused_at, reconciler.clock()) END
WHERE connection_id = :connection_id;
