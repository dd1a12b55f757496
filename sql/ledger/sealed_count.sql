-- How many values are sealed with a key, and how many are not. Parameter: key_id.
SELECT count(*) FILTER (WHERE split_part(s.sealed, '.', 2) = :key_id) AS with_it,
       count(*) FILTER (WHERE split_part(s.sealed, '.', 2) <> :key_id) AS with_others FROM (
    SELECT f.sealed FROM reconciler.accounts AS a
    CROSS JOIN LATERAL (VALUES (a.api_key_sealed), (a.access_token_sealed), (a.refresh_token_sealed),
                               (a.client_secret_sealed)) AS f (sealed)
    UNION ALL
    SELECT c.crm_url_sealed FROM reconciler.connections AS c
    UNION ALL
    SELECT f.value FROM reconciler.console_drafts AS d CROSS JOIN LATERAL jsonb_each_text(d.sealed) AS f) AS s
WHERE s.sealed IS NOT NULL;
