-- What holds the connection of a run, where its numbers are of this run or of one before it. Parameter: run_id.
SELECT c.connection_id, c.name, c.held_run_id, h.hold_id, h.reason, h.message, h.counts,
       -- What was answered stands: not of other numbers, and an approval not for ever.
       CASE WHEN h.answered_counts = h.counts AND coalesce(h.approved_until > reconciler.clock(), true)
            THEN h.answer END AS answer
FROM reconciler.runs AS r
JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
LEFT JOIN reconciler.holds AS h ON h.connection_id = r.connection_id AND h.lifted_at IS NULL AND h.run_id <= r.run_id
WHERE r.run_id = :run_id;
