-- What needs somebody, or will, by code. Parameters: run_id, connection_id.
SELECT r.code, count(DISTINCT r.contact_id) AS contacts,
       -- What was sent and refused, or not seen, is news each time; a skip only where its verdict is another than before.
       bool_or(r.action <> 'skip' AND r.outcome IN ('rejected', 'in_doubt') OR coalesce(o.is_new, true)) AS is_new
FROM reconciler.run_rows AS r
LEFT JOIN reconciler.plan_changes AS o ON o.run_id = r.run_id AND o.contact_id = r.contact_id
JOIN reconciler.runs AS u ON u.run_id = r.run_id AND u.connection_id = :connection_id
WHERE r.run_id = :run_id AND r.code <> '' AND r.code <> 'shown_differently'
GROUP BY r.code ORDER BY r.code;
