-- The token was refused in a run: there is none that works, unless a new one was stored since the run began.
-- Parameters: connection_id, run_id, reason.
UPDATE reconciler.connections AS c
SET disconnected_at = coalesce(c.disconnected_at, reconciler.clock()),
    disconnected_reason = coalesce(c.disconnected_reason, :reason)
FROM reconciler.accounts AS a, reconciler.runs AS r
WHERE c.connection_id = :connection_id AND a.account_id = c.account_id AND r.run_id = :run_id
  AND (a.token_stored_at IS NULL OR a.token_stored_at <= r.started_at);
