-- Write the record of a run, once. Parameters: run_id, state, reason, report.
UPDATE reconciler.runs
SET state = :state, reason = :reason, report = CAST(:report AS jsonb), finished_at = reconciler.clock()
WHERE run_id = :run_id AND state IS NULL;
