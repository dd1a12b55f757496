-- What needs somebody, or will, by code, and when its contacts are tried again: by the next run, at a time (the first
-- one's), or when they change. Parameters: run_id, connection_id.
SELECT r.code, count(DISTINCT r.contact_id) AS contacts,
       -- What was sent and refused, or not seen, is news each time; a skip only where its verdict is another than before.
       bool_or(r.action <> 'skip' AND r.outcome IN ('rejected', 'in_doubt') OR coalesce(o.is_new, true)) AS is_new,
       bool_or(r.outcome IN ('deferred', 'in_doubt') AND a.again_at IS NULL OR a.again_at <= reconciler.clock()) AS by_next_run,
       min(a.again_at) AS again_at, bool_or(r.outcome IN ('rejected', 'skipped')) AS is_kept
FROM reconciler.run_rows AS r
LEFT JOIN reconciler.plan_changes AS o ON o.run_id = r.run_id AND o.contact_id = r.contact_id
JOIN reconciler.runs AS u ON u.run_id = r.run_id AND u.connection_id = :connection_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = r.contact_id
LEFT JOIN reconciler.rejects AS j ON j.connection_id = :connection_id AND j.contact_id = r.contact_id
CROSS JOIN LATERAL (SELECT least(j.again_at, p.look_again_at) AS again_at) AS a
WHERE r.run_id = :run_id AND r.code <> '' AND r.code <> 'shown_differently'
GROUP BY r.code ORDER BY r.code;
