-- Write down the slot that was reserved; how far away it is now. Parameters: key_fingerprint, day, calls, next_at, slot.
UPDATE reconciler.api_budgets SET day = :day, calls = :calls, next_at = :next_at
WHERE key_fingerprint = :key_fingerprint
RETURNING extract(epoch FROM CAST(:slot AS timestamptz) - reconciler.clock()) AS seconds;
