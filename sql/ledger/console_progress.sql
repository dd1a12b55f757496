-- How far a run is, out of what it writes anyhow: its plan, and its imports. Parameter: run_id.
SELECT reconciler.state_of(r) AS state, r.report IS NOT NULL AS has_report, r.mode, r.started_at, reconciler.clock() AS now, p.run_id IS NOT NULL AS has_plan,
       coalesce(p.added, 0) AS added, coalesce(p.updated + p.readdressed, 0) AS updated, b.sent, b.settled
FROM reconciler.runs AS r
LEFT JOIN reconciler.plans AS p ON p.run_id = r.run_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(contacts) FILTER (WHERE state IN ('submitted', 'settled')), 0) AS sent,
           coalesce(sum(contacts) FILTER (WHERE state = 'settled'), 0) AS settled
    FROM reconciler.batches WHERE run_id = r.run_id) AS b
WHERE r.run_id = :run_id;
