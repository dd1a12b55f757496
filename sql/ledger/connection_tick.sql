-- Note a tick. Parameters: connection_id, quiet.
UPDATE reconciler.connections
SET last_tick_at = reconciler.clock(),
    quiet_ticks = CASE WHEN :quiet THEN quiet_ticks + 1 ELSE 0 END,
    quiet_since = CASE WHEN :quiet THEN coalesce(quiet_since, reconciler.clock()) END
WHERE connection_id = :connection_id;
