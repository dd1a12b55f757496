-- How fresh each connection is, by name: what each run and tick has noted, so that no contact is looked at.
-- Parameters: connection_id (or NULL for all), workspaces (or NULL for all).
SELECT c.connection_id, c.name, c.settings, c.observe, c.started_at, c.paused_at, c.paused_reason, c.disconnected_at,
       c.held_at, c.held_reason, c.failures, c.failing_since, c.failing_reason, c.quarantined_at, c.connected_at,
       c.last_tick_at, c.quiet_ticks, c.quiet_since, c.every_seconds, c.waiting, c.waiting_since, c.agreed_at,
       c.pull_since, c.swept_at, m.read_at, coalesce(l.until > reconciler.clock(), false) AS is_running,
       a.access_token_sealed IS NOT NULL AS has_token, a.refresh_token_sealed IS NOT NULL AS has_refresh_token,
       a.token_ends_at, reconciler.clock() AS now
FROM reconciler.connections AS c
JOIN reconciler.accounts AS a ON a.account_id = c.account_id
LEFT JOIN reconciler.watermarks AS m ON m.connection_id = c.connection_id
LEFT JOIN reconciler.leases AS l ON l.connection_id = c.connection_id
WHERE (CAST(:connection_id AS bigint) IS NULL OR c.connection_id = :connection_id)
  AND (CAST(:workspaces AS text[]) IS NULL OR c.workspace = ANY (CAST(:workspaces AS text[])))
ORDER BY c.name;
