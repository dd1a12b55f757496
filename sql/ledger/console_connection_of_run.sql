-- Whose run it is. Parameter: run_id.
SELECT c.name FROM reconciler.runs AS r JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
WHERE r.run_id = :run_id;
