-- One run: the named one, else the last that ended. Parameters: connection_id (or NULL), run_id (or NULL).
SELECT r.run_id, c.name, r.state, r.report, r.purged_at FROM reconciler.runs AS r
JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
WHERE (CAST(:run_id AS bigint) IS NULL OR r.run_id = :run_id)
  AND (CAST(:connection_id AS bigint) IS NULL OR r.connection_id = :connection_id)
  AND r.report IS NOT NULL
ORDER BY r.run_id DESC LIMIT 1;
