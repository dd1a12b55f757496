-- Replace an account's sealed credentials, and let every connection of it use them, but for those that somebody
-- disconnected by hand. Without a refresh token the stored one stays, with the client secret: the account's other
-- connections live on it. An access token of which neither life nor end is known, or none that can be, ends a day later
-- (see developer.constantcontact.com/api_guide/auth_overview).
-- A refresh token that was used since is used later than the credentials were stored: both times are one here.
-- Parameters: account_id, api_key, access_token, refresh_token, client_secret, ends_at (of the token itself),
-- life_seconds (as its issuer said).
WITH moment AS MATERIALIZED (SELECT reconciler.clock() AS now), reconnected AS (
    UPDATE reconciler.connections
    SET missed_since = coalesce(missed_since, disconnected_at), disconnected_at = NULL, disconnected_reason = NULL
    WHERE account_id = :account_id AND disconnected_reason <> 'disconnected by hand'
)
UPDATE reconciler.accounts
SET api_key_sealed = :api_key, access_token_sealed = :access_token,
    refresh_token_sealed = coalesce(CAST(:refresh_token AS text), refresh_token_sealed),
    client_secret_sealed = CASE WHEN CAST(:refresh_token AS text) IS NULL
                                THEN coalesce(CAST(:client_secret AS text), client_secret_sealed)
                                ELSE CAST(:client_secret AS text) END,
    refresh_token_used_at = CASE WHEN CAST(:refresh_token AS text) IS NULL THEN refresh_token_used_at
                                 ELSE moment.now END,
    refresh_unanswered_at = CASE WHEN CAST(:refresh_token AS text) IS NULL THEN refresh_unanswered_at END,
    token_stored_at = moment.now,
    token_ends_at = CASE
        WHEN CAST(:life_seconds AS double precision) IS NOT NULL
        THEN moment.now + make_interval(secs => CAST(:life_seconds AS double precision))
        WHEN CAST(:ends_at AS timestamptz) BETWEEN moment.now AND moment.now + interval '100 years'
        THEN CAST(:ends_at AS timestamptz)
        ELSE moment.now + interval '24 hours' END
FROM moment WHERE account_id = :account_id;
