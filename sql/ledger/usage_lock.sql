-- What an API key has spent, locked until the transaction ends; the clock is read behind the lock.
-- A key that is new has spent nothing. Parameter: key_fingerprint.
INSERT INTO reconciler.api_budgets AS b (key_fingerprint, day, calls, next_at)
SELECT :key_fingerprint, CAST(t.now AT TIME ZONE 'UTC' AS date), 0, t.now - interval '1 minute'
FROM (SELECT reconciler.clock() AS now) AS t
ON CONFLICT (key_fingerprint) DO UPDATE SET key_fingerprint = EXCLUDED.key_fingerprint
RETURNING day, calls, next_at, slowed_until, spent_on, reconciler.clock() AS now;
