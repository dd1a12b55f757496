-- The workers of the queue, with when they were last heard of and how many tasks each has under way.
SELECT w.id AS worker_id, CAST(extract(epoch FROM now() - w.last_heartbeat) AS double precision) AS silent_seconds,
       count(j.id) AS under_way
FROM reconciler_queue.procrastinate_workers AS w
LEFT JOIN reconciler_queue.procrastinate_jobs AS j ON j.worker_id = w.id AND j.status = 'doing'
GROUP BY w.id ORDER BY w.id;
