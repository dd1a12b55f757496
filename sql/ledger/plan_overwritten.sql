-- By field, how many members have a value that a plan replaces by another. Parameter: run_id.
SELECT f.field, count(*) AS members
FROM reconciler.plan_changes AS o CROSS JOIN LATERAL jsonb_each_text(o."values") AS f (field, value)
WHERE o.run_id = :run_id AND o.kind IN ('add', 'update') AND o.before ? f.field AND o.before ->> f.field <> f.value
GROUP BY f.field ORDER BY f.field;
