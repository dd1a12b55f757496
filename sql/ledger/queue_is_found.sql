-- Whether the queue's tables are found by their bare names.
SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS is_found;
