-- What somebody who connects has looked at last: a run that only planned the first sync, a while ago at most, or one that
-- found another plan than was to be started with. None that is older than the start, or than what was pushed since.
-- Parameters: connection_id, run_id (or NULL for the last one), seconds.
SELECT r.run_id, r.state, r.mode, r.report ->> 'reason' AS reason, r.report, p.digest
FROM reconciler.runs AS r
JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
LEFT JOIN reconciler.plans AS p ON p.run_id = r.run_id
WHERE r.connection_id = :connection_id AND r.report IS NOT NULL
  AND (r.trigger = 'connect' OR r.trigger = 'console' AND r.state = 'held' AND r.report ->> 'reason' = 'only_if')
  AND r.finished_at > reconciler.clock() - make_interval(secs => :seconds)
  AND (CAST(:run_id AS bigint) IS NULL OR r.run_id = :run_id)
  AND (c.started_at IS NULL OR r.started_at > c.started_at)
  AND NOT EXISTS (SELECT FROM reconciler.runs AS n WHERE n.connection_id = r.connection_id AND n.run_id > r.run_id
                  AND n.state IN ('completed', 'completed_with_problems', 'quota'))
ORDER BY r.run_id DESC LIMIT 1;
