-- A run has failed as a whole. Parameters: connection_id, reason, message, is_quarantined, pause (seconds, or NULL).
UPDATE reconciler.connections
SET failures = failures + 1, failing_since = coalesce(failing_since, reconciler.clock()),
    failing_reason = :reason, failing_message = :message,
    quarantined_at = CASE WHEN :is_quarantined THEN coalesce(quarantined_at, reconciler.clock()) ELSE quarantined_at END,
    next_attempt_at = reconciler.clock() + make_interval(secs => CAST(:pause AS float))
WHERE connection_id = :connection_id;
