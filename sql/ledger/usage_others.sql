-- How many other connections of its API key run. Parameters: connection_id, key_fingerprint.
SELECT count(*) AS others
FROM reconciler.accounts AS a
JOIN reconciler.connections AS c ON c.account_id = a.account_id
WHERE a.key_fingerprint = :key_fingerprint AND c.connection_id <> :connection_id
  AND c.paused_at IS NULL AND c.disconnected_at IS NULL;
