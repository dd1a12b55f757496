-- The queue's own statements find its tables, until the transaction ends.
SET LOCAL search_path TO reconciler_queue;
