-- Replace an account's sealed credentials, and let every connection of it use them, but for those that somebody
-- disconnected by hand.
-- Parameters: account_id, api_key, access_token, refresh_token, client_secret.
WITH reconnected AS (
    UPDATE reconciler.connections SET disconnected_at = NULL, disconnected_reason = NULL
    WHERE account_id = :account_id AND disconnected_reason <> 'disconnected by hand'
)
UPDATE reconciler.accounts
SET api_key_sealed = :api_key, access_token_sealed = :access_token, refresh_token_sealed = CAST(:refresh_token AS text),
    client_secret_sealed = CAST(:client_secret AS text), token_stored_at = reconciler.clock()
WHERE account_id = :account_id;
