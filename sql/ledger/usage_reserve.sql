-- Reserve the next free slot of an API key; no row: the day's calls are spent. A crash wastes a slot, never overspends.
-- A slot counts to the UTC day in which it lies. Parameters: key_fingerprint, spacing_seconds, per_day.
INSERT INTO reconciler.api_budgets AS b (key_fingerprint, day, calls, next_at)
SELECT :key_fingerprint, CAST(t.now AT TIME ZONE 'UTC' AS date), 1, t.now FROM (SELECT reconciler.clock() AS now) AS t
ON CONFLICT (key_fingerprint) DO UPDATE
SET day = CAST(greatest(b.next_at + make_interval(secs => :spacing_seconds), EXCLUDED.next_at) AT TIME ZONE 'UTC' AS date),
    calls = CASE WHEN CAST(greatest(b.next_at + make_interval(secs => :spacing_seconds), EXCLUDED.next_at)
                           AT TIME ZONE 'UTC' AS date) > b.day THEN 1 ELSE b.calls + 1 END,
    next_at = greatest(b.next_at + make_interval(secs => :spacing_seconds), EXCLUDED.next_at)
WHERE b.calls < :per_day
   OR CAST(greatest(b.next_at + make_interval(secs => :spacing_seconds), EXCLUDED.next_at) AT TIME ZONE 'UTC' AS date) > b.day
RETURNING calls, greatest(0, extract(epoch FROM next_at - reconciler.clock())) AS wait_seconds;
