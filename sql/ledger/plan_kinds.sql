-- What a plan says about some contacts. Parameters: run_id, among.
SELECT contact_id, kind, address FROM reconciler.plan_changes
WHERE run_id = :run_id AND contact_id = ANY (CAST(:among AS text[])) ORDER BY contact_id;
