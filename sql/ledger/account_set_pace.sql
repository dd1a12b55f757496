-- The limits are the API key's: its figures go to every account that has it. Parameters: account_id, per_second, per_day.
UPDATE reconciler.accounts SET pace_per_second = CAST(:per_second AS numeric), pace_per_day = CAST(:per_day AS integer)
WHERE key_fingerprint = (SELECT a.key_fingerprint FROM reconciler.accounts AS a WHERE a.account_id = :account_id);
