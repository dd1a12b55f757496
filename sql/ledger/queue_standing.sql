-- How the queue stands: tasks that wait, and tasks under way.
SELECT count(*) FILTER (WHERE j.status = 'todo') AS waiting, count(*) FILTER (WHERE j.status = 'doing') AS under_way
FROM reconciler_queue.procrastinate_jobs AS j;
