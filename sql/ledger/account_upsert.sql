-- The account's number; made where it is new. Parameters: encoded_account_id, organization, key_fingerprint.
INSERT INTO reconciler.accounts AS a (encoded_account_id, organization, key_fingerprint)
VALUES (:encoded_account_id, :organization, :key_fingerprint)
ON CONFLICT (encoded_account_id) DO UPDATE
SET organization = EXCLUDED.organization, key_fingerprint = EXCLUDED.key_fingerprint
RETURNING account_id;
