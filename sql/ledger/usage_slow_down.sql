-- Constant Contact says that we are too fast: for a minute slots lie further apart. Parameter: key_fingerprint.
UPDATE reconciler.api_budgets SET slowed_until = reconciler.clock() + interval '60 seconds'
WHERE key_fingerprint = :key_fingerprint;
