-- An API key's own figures, where an account of it has any. Parameter: key_fingerprint.
SELECT max(pace_per_second) AS per_second, max(pace_per_day) AS per_day
FROM reconciler.accounts WHERE key_fingerprint = :key_fingerprint;
