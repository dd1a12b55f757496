-- How the schedules stand: connections, how many are due, and the one that is due longest. Paused ones are left out.
SELECT count(*) AS connections, count(*) FILTER (WHERE s.due_at <= reconciler.clock()) AS due,
       (array_agg(c.name ORDER BY s.due_at, c.name) FILTER (WHERE s.due_at <= reconciler.clock()))[1] AS oldest,
       greatest(0, CAST(extract(epoch FROM reconciler.clock() - min(s.due_at)) AS double precision)) AS oldest_seconds
FROM reconciler.schedules AS s JOIN reconciler.connections AS c ON c.connection_id = s.connection_id
WHERE c.paused_at IS NULL;
