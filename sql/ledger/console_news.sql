-- How many kinds of problems the runs of the last 24 hours had that the run before did not have, for some connections that
-- have any. Parameter: connection_ids.
SELECT c.connection_id, count(DISTINCT p.problem ->> 'code') AS problems
FROM unnest(CAST(:connection_ids AS bigint[])) AS c (connection_id)
CROSS JOIN LATERAL (SELECT report -> 'problems' AS problems FROM reconciler.runs
                    WHERE connection_id = c.connection_id AND started_at > reconciler.clock() - interval '24 hours') AS r
CROSS JOIN LATERAL jsonb_array_elements(r.problems) AS p (problem)
WHERE p.problem @> '{"new": true}'
GROUP BY c.connection_id;
