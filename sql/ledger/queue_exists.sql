-- Whether the queue has its tables.
SELECT to_regclass('reconciler_queue.procrastinate_jobs') IS NOT NULL AS is_there;
