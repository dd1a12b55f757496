-- How many calls an API key has made today. Parameter: key_fingerprint.
SELECT coalesce(sum(calls), 0) AS calls FROM reconciler.api_usage
WHERE key_fingerprint = :key_fingerprint AND day = CAST(reconciler.clock() AT TIME ZONE 'UTC' AS date);
