-- Write down the slot that was reserved. Parameters: key_fingerprint, day, calls, next_at.
UPDATE reconciler.api_budgets SET day = :day, calls = :calls, next_at = :next_at
WHERE key_fingerprint = :key_fingerprint;
