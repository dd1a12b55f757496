-- What somebody who connects has looked at last: a run that only planned the first sync, a while ago at most.
-- Parameters: connection_id, seconds.
SELECT r.run_id, r.state, r.mode, r.reason, r.report FROM reconciler.runs AS r
WHERE r.connection_id = :connection_id AND r.trigger = 'connect' AND r.report IS NOT NULL
  AND r.finished_at > reconciler.clock() - make_interval(secs => :seconds)
ORDER BY r.run_id DESC LIMIT 1;
