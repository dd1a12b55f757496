-- Constant Contact says that the day is spent. In a day's first five minutes it means the day before, by a clock that is
-- not quite ours: no key can spend a day in them. Parameter: key_fingerprint.
UPDATE reconciler.api_budgets
SET spent_on = CAST((reconciler.clock() - interval '5 minutes') AT TIME ZONE 'UTC' AS date)
WHERE key_fingerprint = :key_fingerprint;
