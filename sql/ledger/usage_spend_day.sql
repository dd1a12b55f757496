-- Constant Contact says that the day is spent. In a day's first five minutes it means the day before, by a clock that is
-- not quite ours: no key can spend a day in them. Held as by usage_lock. Parameters: key_fingerprint, hold_seconds.
UPDATE reconciler.api_budgets
SET spent_on = CAST((reconciler.clock() - interval '5 minutes') AT TIME ZONE 'UTC' AS date)
WHERE key_fingerprint = :key_fingerprint
RETURNING set_config('idle_in_transaction_session_timeout',
                     CAST(CAST(1000 * CAST(:hold_seconds AS double precision) AS integer) AS text), true) AS hold;
