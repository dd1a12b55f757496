-- What sending a plan would take. Parameter: run_id.
SELECT count(*) FILTER (WHERE kind = 'add' AND member_id IS NOT NULL) AS known,
       coalesce(sum(octet_length(CAST("values" AS text)) + octet_length(address) + 12), 0) AS bytes
FROM reconciler.plan_changes WHERE run_id = :run_id AND kind IN ('add', 'update') AND NOT is_single;
