-- Forget a refresh token that is no good any more. Parameters: account_id, used (the sealed refresh token).
UPDATE reconciler.accounts SET refresh_token_sealed = NULL, refresh_token_used_at = NULL, refresh_unanswered_at = NULL
WHERE account_id = :account_id AND refresh_token_sealed = :used;
