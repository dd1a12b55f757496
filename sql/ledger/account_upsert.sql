-- The account's number; made where it is new. Of another API key neither refresh token nor secret is of use, and its pace
-- is that of the accounts which have it already. Parameters: encoded_account_id, organization, key_fingerprint.
INSERT INTO reconciler.accounts AS a (encoded_account_id, organization, key_fingerprint, pace_per_second, pace_per_day)
SELECT :encoded_account_id, :organization, CAST(:key_fingerprint AS bytea), max(b.pace_per_second), max(b.pace_per_day)
FROM reconciler.accounts AS b WHERE b.key_fingerprint = CAST(:key_fingerprint AS bytea)
ON CONFLICT (encoded_account_id) DO UPDATE
SET organization = EXCLUDED.organization, key_fingerprint = EXCLUDED.key_fingerprint,
    pace_per_second = EXCLUDED.pace_per_second, pace_per_day = EXCLUDED.pace_per_day,
    refresh_token_sealed = CASE WHEN a.key_fingerprint = EXCLUDED.key_fingerprint THEN a.refresh_token_sealed END,
    client_secret_sealed = CASE WHEN a.key_fingerprint = EXCLUDED.key_fingerprint THEN a.client_secret_sealed END
RETURNING account_id;
