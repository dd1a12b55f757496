-- An account's sealed credentials, and how long the access token still lasts. Parameter: account_id.
SELECT encoded_account_id, api_key_sealed, access_token_sealed, refresh_token_sealed, client_secret_sealed, token_stored_at,
       token_ends_at, refresh_unanswered_at,
       extract(epoch FROM token_ends_at - reconciler.clock()) AS seconds_left,
       extract(epoch FROM token_ends_at - greatest(token_stored_at, refresh_token_used_at)) AS life_seconds
FROM reconciler.accounts WHERE account_id = :account_id;
