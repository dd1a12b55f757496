-- The same under a lock: who renews the token is alone. Readers, and those who connect others, are not kept waiting.
-- Parameter: account_id.
SELECT encoded_account_id, api_key_sealed, access_token_sealed, refresh_token_sealed, client_secret_sealed, token_stored_at,
       token_ends_at, refresh_unanswered_at,
       extract(epoch FROM token_ends_at - reconciler.clock()) AS seconds_left,
       extract(epoch FROM token_ends_at - greatest(token_stored_at, refresh_token_used_at)) AS life_seconds
FROM reconciler.accounts WHERE account_id = :account_id
FOR NO KEY UPDATE;
