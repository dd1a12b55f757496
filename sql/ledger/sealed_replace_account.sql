-- Put a value that was sealed anew in the place of the old one, unless that has been replaced meanwhile.
-- Parameters: row_id, field, old, sealed.
UPDATE reconciler.accounts
SET api_key_sealed = CASE WHEN :field = 'api_key' THEN :sealed ELSE api_key_sealed END,
    access_token_sealed = CASE WHEN :field = 'access_token' THEN :sealed ELSE access_token_sealed END,
    refresh_token_sealed = CASE WHEN :field = 'refresh_token' THEN :sealed ELSE refresh_token_sealed END,
    client_secret_sealed = CASE WHEN :field = 'client_secret' THEN :sealed ELSE client_secret_sealed END
WHERE account_id = :row_id
  AND CASE :field WHEN 'api_key' THEN api_key_sealed WHEN 'access_token' THEN access_token_sealed
                  WHEN 'refresh_token' THEN refresh_token_sealed ELSE client_secret_sealed END = :old;
