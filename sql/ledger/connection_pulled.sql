-- From when on the next pull asks for changes; in the transaction that wrote the mirror.
-- Parameters: connection_id, since, whole.
UPDATE reconciler.connections
SET pull_since = :since, pulled_whole_at = CASE WHEN :whole THEN reconciler.clock() ELSE pulled_whole_at END
WHERE connection_id = :connection_id;
