-- The account's number; made where it is new. Of another API key neither refresh token nor secret is of use.
-- Parameters: encoded_account_id, organization, key_fingerprint.
INSERT INTO reconciler.accounts AS a (encoded_account_id, organization, key_fingerprint)
VALUES (:encoded_account_id, :organization, :key_fingerprint)
ON CONFLICT (encoded_account_id) DO UPDATE
SET organization = EXCLUDED.organization, key_fingerprint = EXCLUDED.key_fingerprint,
    refresh_token_sealed = CASE WHEN a.key_fingerprint = EXCLUDED.key_fingerprint THEN a.refresh_token_sealed END,
    client_secret_sealed = CASE WHEN a.key_fingerprint = EXCLUDED.key_fingerprint THEN a.client_secret_sealed END
RETURNING account_id;
