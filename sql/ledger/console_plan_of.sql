-- The plan of a full resync that was looked at in the console a while ago at most, among the last runs. Parameters:
-- connection_id, run_id (or NULL for the last one), seconds.
SELECT r.run_id, r.state, r.mode, r.reason, r.report, p.digest
FROM (SELECT * FROM reconciler.runs AS n WHERE n.connection_id = :connection_id ORDER BY n.run_id DESC LIMIT 50) AS r
JOIN reconciler.plans AS p ON p.run_id = r.run_id
WHERE r.trigger = 'console' AND r.mode = 'full'
  AND (r.state IN ('observed', 'nothing_to_do') OR r.state = 'held' AND r.report ->> 'reason' = 'guard')
  AND r.finished_at > reconciler.clock() - make_interval(secs => :seconds)
  AND (CAST(:run_id AS bigint) IS NULL OR r.run_id = :run_id)
ORDER BY r.run_id DESC LIMIT 1;
