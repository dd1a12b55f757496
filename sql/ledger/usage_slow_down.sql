-- Constant Contact says that we are too fast: for a minute slots lie further apart. Held as by usage_lock.
-- Parameters: key_fingerprint, hold_seconds.
UPDATE reconciler.api_budgets SET slowed_until = reconciler.clock() + interval '60 seconds'
WHERE key_fingerprint = :key_fingerprint
RETURNING set_config('idle_in_transaction_session_timeout',
                     CAST(CAST(1000 * CAST(:hold_seconds AS double precision) AS integer) AS text), true) AS hold;
