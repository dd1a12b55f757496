-- Store a renewed pair, where nobody has given other credentials since and no other pair is there. The one that was used
-- may have been forgotten meanwhile, by a process that was told that it is used up.
-- Parameters: account_id, access_token, refresh_token (NULL: the same as before), used (the sealed one that was used),
-- stored_at (of the credentials), life_seconds.
UPDATE reconciler.accounts
SET access_token_sealed = :access_token, refresh_token_sealed = coalesce(CAST(:refresh_token AS text), :used),
    token_ends_at = reconciler.clock() + make_interval(secs => CAST(:life_seconds AS double precision)),
    refresh_token_used_at = reconciler.clock(), refresh_unanswered_at = NULL
WHERE account_id = :account_id AND token_stored_at = :stored_at
  AND (refresh_token_sealed = :used OR refresh_token_sealed IS NULL);
