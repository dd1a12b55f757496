-- What the console reads while a run goes on: its imports, by the run.

CREATE INDEX batches_by_run ON reconciler.batches (run_id);
