-- All connections with their accounts, by name.
SELECT c.connection_id, c.name, CAST(c.list_id AS text) AS list_id, c.list_name, c.workspace, c.statement, c.columns,
       c.custom_fields, c.custom_field_types, c.mapping_digest,
       c.crm_url_sealed, c.settings, c.observe, c.connected_at, c.started_at,
       c.paused_at, c.disconnected_at, c.disconnected_reason, c.held_at, c.held_reason, c.held_message, c.pull_since,
       c.pulled_whole_at, c.swept_at, c.synced_at, c.quiet_ticks, c.quiet_since, c.last_tick_at, c.window_mode, c.window_reason,
       c.home, c.sweep_reason, c.paused_reason, c.paused_message, c.held_run_id,
       c.failures, c.failing_since, c.failing_reason, c.failing_message, c.quarantined_at, c.next_attempt_at,
       (SELECT h.counts FROM reconciler.holds AS h
        WHERE h.connection_id = c.connection_id AND h.lifted_at IS NULL) AS held_counts, reconciler.clock() AS now,
       a.account_id, a.encoded_account_id, a.organization, a.api_key_sealed, a.access_token_sealed, a.key_fingerprint,
       a.pace_per_second, a.pace_per_day, a.token_ends_at, a.refresh_token_used_at,
       a.refresh_token_sealed IS NOT NULL AS has_refresh_token,
       coalesce(a.refresh_token_used_at > a.token_stored_at, false) AS was_renewed, c.missed_since,
       coalesce(b.sweep_stretch, 1) AS sweep_stretch
FROM reconciler.connections AS c JOIN reconciler.accounts AS a ON a.account_id = c.account_id
LEFT JOIN reconciler.api_budgets AS b ON b.key_fingerprint = a.key_fingerprint
ORDER BY c.name;
