-- Whether a run sent anything that may have been taken. Parameter: run_id.
SELECT EXISTS (SELECT FROM reconciler.batches WHERE run_id = :run_id AND state <> 'refused') AS sent;
