-- Requests of an API key on this UTC day. Parameter: key_fingerprint.
SELECT coalesce(sum(calls), 0) AS calls FROM reconciler.api_budgets
WHERE key_fingerprint = :key_fingerprint AND day = CAST(reconciler.clock() AT TIME ZONE 'UTC' AS date);
