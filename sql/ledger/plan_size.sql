-- What sending a plan would take: its imports, and the contacts that go by calls of their own. Parameter: run_id.
SELECT count(*) FILTER (WHERE kind = 'add' AND member_id IS NOT NULL) AS known,
       count(*) FILTER (WHERE kind = 'add' AND NOT is_single) AS adds,
       count(*) FILTER (WHERE kind = 'update' AND NOT is_single) AS updates,
       count(*) FILTER (WHERE is_single) AS singles,
       coalesce(sum(octet_length(CAST("values" AS text)) + octet_length(address) + 12) FILTER (WHERE NOT is_single), 0) AS bytes
FROM reconciler.plan_changes WHERE run_id = :run_id AND kind <> 'skip';
