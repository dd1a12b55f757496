-- Note that migrations of the queue have run. Parameter: names.
INSERT INTO reconciler_queue.applied (name) SELECT unnest(CAST(:names AS text[]));
