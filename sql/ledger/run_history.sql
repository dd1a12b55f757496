-- The reports of a run and of those before it on the same connection, newest first. Parameters: run_id, limit.
SELECT r.report FROM reconciler.runs AS r
WHERE r.connection_id = (SELECT u.connection_id FROM reconciler.runs AS u WHERE u.run_id = :run_id)
  AND r.run_id <= :run_id AND r.report IS NOT NULL
ORDER BY r.run_id DESC LIMIT :limit;
