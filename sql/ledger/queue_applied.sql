-- The queue's migrations that have run.
SELECT name FROM reconciler_queue.applied;
