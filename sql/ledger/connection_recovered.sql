-- A run went well, or somebody says that it will: nothing is wrong with the connection. Parameter: connection_id.
UPDATE reconciler.connections
SET failures = 0, failing_since = NULL, failing_reason = NULL, failing_message = NULL, quarantined_at = NULL,
    next_attempt_at = NULL
WHERE connection_id = :connection_id AND failures > 0;
