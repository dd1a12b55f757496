-- Somebody approved the plan of a run that a guard held; says how many changes it has. Parameters: connection_id, run_id, actor, hours.
INSERT INTO reconciler.approvals (connection_id, run_id, approved_at, approved_by, until)
VALUES (:connection_id, :run_id, reconciler.clock(), :actor, reconciler.clock() + make_interval(hours => :hours))
ON CONFLICT (connection_id, run_id) DO UPDATE
SET approved_at = EXCLUDED.approved_at, approved_by = EXCLUDED.approved_by, until = EXCLUDED.until
RETURNING (SELECT count(*) FROM reconciler.plan_changes AS o WHERE o.run_id = :run_id AND o.kind <> 'skip') AS changes;
