-- What an API key has spent, locked until the transaction ends; the clock is read behind the lock. A process that has
-- stopped, or whose host is gone, loses it after a while: all connections of the key wait for it.
-- A key that is new has spent nothing. Parameters: key_fingerprint, hold_seconds.
INSERT INTO reconciler.api_budgets AS b (key_fingerprint, day, calls, next_at)
SELECT :key_fingerprint, CAST(t.now AT TIME ZONE 'UTC' AS date), 0, t.now - interval '1 minute'
FROM (SELECT reconciler.clock() AS now) AS t
ON CONFLICT (key_fingerprint) DO UPDATE SET key_fingerprint = EXCLUDED.key_fingerprint
RETURNING day, calls, next_at, slowed_until, spent_on, reconciler.clock() AS now,
          set_config('idle_in_transaction_session_timeout',
                     CAST(CAST(1000 * CAST(:hold_seconds AS double precision) AS integer) AS text), true) AS hold;
