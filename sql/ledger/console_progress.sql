-- How far a run is, out of what it writes anyhow: its plan, and its imports; and whether whoever runs it still holds its
-- lease. Parameter: run_id.
SELECT r.state, r.mode, r.started_at, reconciler.clock() AS now, p.run_id IS NOT NULL AS has_plan,
       coalesce(p.added, 0) AS added, coalesce(p.updated + p.readdressed, 0) AS updated, b.sent, b.settled,
       coalesce(l.fence = r.fence AND l.until > reconciler.clock(), false) AS is_held
FROM reconciler.runs AS r
LEFT JOIN reconciler.plans AS p ON p.run_id = r.run_id
LEFT JOIN reconciler.leases AS l ON l.connection_id = r.connection_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(contacts) FILTER (WHERE state IN ('submitted', 'settled')), 0) AS sent,
           coalesce(sum(contacts) FILTER (WHERE state = 'settled'), 0) AS settled
    FROM reconciler.batches WHERE run_id = r.run_id) AS b
WHERE r.run_id = :run_id;
