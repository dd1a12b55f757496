-- The next values that are sealed with another key than the active one, in order. Parameters: active (its id), table,
-- row, field (after which place; empty: from the first one on), most.
SELECT s."table", s.row_id, s."row", s.field, s.sealed FROM (
    SELECT 'accounts' AS "table", a.account_id AS row_id, a.encoded_account_id AS "row", f.field, f.sealed
    FROM reconciler.accounts AS a
    CROSS JOIN LATERAL (VALUES ('api_key', a.api_key_sealed), ('access_token', a.access_token_sealed),
                               ('refresh_token', a.refresh_token_sealed), ('client_secret', a.client_secret_sealed))
        AS f (field, sealed)
    UNION ALL
    SELECT 'connections', c.connection_id, c.name, 'crm_url', c.crm_url_sealed FROM reconciler.connections AS c
    UNION ALL
    SELECT 'console_drafts', NULL, d.draft_id, f.key, f.value
    FROM reconciler.console_drafts AS d CROSS JOIN LATERAL jsonb_each_text(d.sealed) AS f) AS s
WHERE s.sealed IS NOT NULL AND split_part(s.sealed, '.', 2) <> :active
  AND (s."table" COLLATE "C", s."row" COLLATE "C", s.field COLLATE "C") > (:table, :row, :field)
ORDER BY s."table" COLLATE "C", s."row" COLLATE "C", s.field COLLATE "C" LIMIT :most;
