-- Make migrations of several processes wait for each other; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('sage-reconciler schema', 0));
