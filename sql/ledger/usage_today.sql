-- Slots of an API key on this UTC day, and whether Constant Contact said that the day is spent. Parameter: key_fingerprint.
SELECT CASE WHEN b.day >= t.today THEN b.calls ELSE 0 END AS calls, coalesce(b.spent_on = t.today, false) AS is_spent
FROM reconciler.api_budgets AS b, (SELECT CAST(reconciler.clock() AT TIME ZONE 'UTC' AS date) AS today) AS t
WHERE b.key_fingerprint = :key_fingerprint;
