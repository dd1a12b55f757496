-- By field, how many members get another value by a plan together with what was sent in the last 24 hours, and how many of
-- them the same one; without what is exempt. Parameters: connection_id, run_id.
WITH counted AS (
    SELECT contact_id, "values", before FROM reconciler.plan_changes
    WHERE run_id = :run_id AND kind IN ('update', 'readdress') AND NOT is_exempt
    UNION ALL
    SELECT o.contact_id, o."values", o.before FROM reconciler.runs AS r JOIN reconciler.plans AS p ON p.run_id = r.run_id AND NOT p.is_exempt
    JOIN reconciler.plan_changes AS o ON o.run_id = r.run_id
    WHERE r.connection_id = :connection_id AND r.run_id <> :run_id AND r.started_at > reconciler.clock() - interval '24 hours'
      AND o.kind IN ('update', 'readdress') AND o.is_sent AND NOT o.is_exempt
), changed AS (
    SELECT DISTINCT c.contact_id, f.field, f.value FROM counted AS c CROSS JOIN LATERAL jsonb_each_text(c."values") AS f (field, value)
    WHERE f.value IS DISTINCT FROM coalesce(c.before ->> f.field, '')
), by_value AS (
    SELECT field, value, count(*) AS contacts FROM changed GROUP BY field, value
)
SELECT c.field, count(DISTINCT c.contact_id) AS contacts,
       (SELECT max(v.contacts) FROM by_value AS v WHERE v.field = c.field) AS alike
FROM changed AS c GROUP BY c.field ORDER BY c.field;
