-- The last runs of some connections, oldest first within each. Parameters: connection_ids, most (of each).
SELECT c.connection_id, r.run_id, r.state, r.started_at
FROM unnest(CAST(:connection_ids AS bigint[])) AS c (connection_id)
CROSS JOIN LATERAL (SELECT n.run_id, reconciler.state_of(n) AS state, n.started_at FROM reconciler.runs AS n
                    WHERE n.connection_id = c.connection_id ORDER BY n.run_id DESC LIMIT :most) AS r
ORDER BY c.connection_id, r.run_id;
