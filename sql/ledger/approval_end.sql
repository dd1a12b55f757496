-- What was approved is wrong after all. Parameters: connection_id, run_id.
UPDATE reconciler.approvals SET until = reconciler.clock()
WHERE connection_id = :connection_id AND run_id = :run_id AND until > reconciler.clock();
