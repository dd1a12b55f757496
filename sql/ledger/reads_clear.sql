-- The run is reported: what it read is of no more use. Parameter: run_id.
DELETE FROM reconciler.reads WHERE run_id = :run_id;
