-- The newest run of a connection, whether it has ended or not. Parameter: connection_id.
SELECT r.run_id, reconciler.state_of(r) AS state, r.report ->> 'reason' AS reason FROM reconciler.runs AS r
WHERE r.connection_id = :connection_id ORDER BY r.run_id DESC LIMIT 1;
