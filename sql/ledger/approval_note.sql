-- Somebody approved the plan of a run that a guard held. Parameters: connection_id, run_id, actor, hours.
INSERT INTO reconciler.approvals (connection_id, run_id, approved_at, approved_by, until)
VALUES (:connection_id, :run_id, reconciler.clock(), :actor, reconciler.clock() + make_interval(hours => :hours))
ON CONFLICT (connection_id, run_id) DO UPDATE
SET approved_at = EXCLUDED.approved_at, approved_by = EXCLUDED.approved_by, until = EXCLUDED.until;
