-- Whether the queue's tables are found by their bare names, and not somebody else's.
SELECT to_regclass('procrastinate_jobs') IS NOT DISTINCT FROM to_regclass('reconciler_queue.procrastinate_jobs') AS is_found;
