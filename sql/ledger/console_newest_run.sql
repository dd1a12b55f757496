-- The newest run of a connection, whether it has ended or not. Parameter: connection_id.
SELECT run_id, state, trigger, mode, reason, started_at, finished_at, report FROM reconciler.runs
WHERE connection_id = :connection_id ORDER BY run_id DESC LIMIT 1;
