-- The problems of the last run that ended before another. Parameters: connection_id, before.
SELECT report -> 'problems' AS problems FROM reconciler.runs
WHERE connection_id = :connection_id AND run_id < :before AND report IS NOT NULL
ORDER BY run_id DESC LIMIT 1;
