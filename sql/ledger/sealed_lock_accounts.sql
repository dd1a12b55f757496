-- Lock those of these accounts that nobody holds: whoever renews a token holds its account for as long as a request
-- takes, and nobody else shall wait for that too. Parameter: row_ids.
SELECT account_id FROM reconciler.accounts WHERE account_id = ANY(CAST(:row_ids AS bigint[]))
ORDER BY account_id FOR NO KEY UPDATE SKIP LOCKED;
