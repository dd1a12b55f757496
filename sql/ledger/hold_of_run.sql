-- What holds the connection of a run, where that began with this run or before it. Parameter: run_id.
SELECT c.connection_id, c.name, r.state, h.hold_id, h.reason, h.message, h.counts,
       CASE WHEN h.answered_counts = h.counts THEN h.answer END AS answer
FROM reconciler.runs AS r
JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
LEFT JOIN reconciler.holds AS h ON h.connection_id = r.connection_id AND h.lifted_at IS NULL AND h.run_id <= r.run_id
WHERE r.run_id = :run_id;
