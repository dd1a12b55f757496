-- Forget an account's credentials unless a connection still uses them. Parameter: account_id.
UPDATE reconciler.accounts AS a
SET api_key_sealed = NULL, access_token_sealed = NULL, refresh_token_sealed = NULL, client_secret_sealed = NULL,
    token_stored_at = NULL, token_ends_at = NULL, refresh_token_used_at = NULL, refresh_unanswered_at = NULL
WHERE a.account_id = :account_id
  AND NOT EXISTS (SELECT FROM reconciler.connections AS c
                  WHERE c.account_id = a.account_id AND c.disconnected_at IS NULL);
