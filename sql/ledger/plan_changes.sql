-- The changes of a plan in plan order. Parameter: run_id.
SELECT contact_id, kind, address, "values", is_single FROM reconciler.plan_changes
WHERE run_id = :run_id AND kind <> 'skip' ORDER BY contact_id;
