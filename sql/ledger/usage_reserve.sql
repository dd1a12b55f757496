-- Reserve the next free slot of an API key; no row: the day's calls are spent. A crash wastes a slot, never overspends.
-- Parameters: key_fingerprint, spacing_seconds, per_day.
INSERT INTO reconciler.api_usage AS u (key_fingerprint, day, calls, next_at)
VALUES (:key_fingerprint, CAST(reconciler.clock() AT TIME ZONE 'UTC' AS date), 1, reconciler.clock())
ON CONFLICT (key_fingerprint, day) DO UPDATE
SET calls = u.calls + 1,
    next_at = greatest(u.next_at + make_interval(secs => :spacing_seconds), reconciler.clock())
WHERE u.calls < :per_day
RETURNING calls, greatest(0, extract(epoch FROM next_at - reconciler.clock())) AS wait_seconds;
