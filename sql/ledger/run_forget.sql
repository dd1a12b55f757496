-- Leave no trace of a tick that had nothing to do. Parameter: run_id.
DELETE FROM reconciler.runs WHERE run_id = :run_id AND state IS NULL;
