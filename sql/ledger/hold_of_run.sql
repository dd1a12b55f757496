-- What holds the connection of a run: since this run, or since one before it, where this one was held for the same reason.
-- Parameter: run_id.
SELECT c.connection_id, c.name,
       EXISTS (SELECT FROM reconciler.approvals AS a WHERE a.run_id = r.run_id AND a.until > reconciler.clock()) AS is_approved,
       c.held_run_id, h.hold_id, h.reason, h.message, h.counts,
       -- What was answered stands: not of other numbers, and an approval not for ever.
       CASE WHEN h.answered_counts = h.counts AND coalesce(h.approved_until > reconciler.clock(), true)
            THEN h.answer END AS answer
FROM reconciler.runs AS r
JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
LEFT JOIN reconciler.holds AS h ON h.connection_id = r.connection_id AND h.lifted_at IS NULL
     AND (h.run_id = r.run_id OR h.run_id < r.run_id AND r.state = 'held' AND r.reason = h.reason)
WHERE r.run_id = :run_id;
