-- Runs that died: they have no end, and their fence is not the one that runs now. Parameters: connection_id, fence.
SELECT run_id FROM reconciler.runs
WHERE connection_id = :connection_id AND fence < :fence AND state IS NULL ORDER BY run_id;
