-- The last runs, newest first. Parameters: connection_id (or NULL), limit.
SELECT r.run_id, c.name, reconciler.state_of(r) AS state, r.mode, r.reason, r.trigger, r.started_at, r.finished_at, r.report
FROM reconciler.runs AS r JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
WHERE CAST(:connection_id AS bigint) IS NULL OR r.connection_id = :connection_id
ORDER BY r.run_id DESC LIMIT :limit;
