-- No answer came to a refresh. Parameters: account_id, used (the sealed refresh token).
UPDATE reconciler.accounts SET refresh_unanswered_at = reconciler.clock()
WHERE account_id = :account_id AND refresh_token_sealed = :used;
