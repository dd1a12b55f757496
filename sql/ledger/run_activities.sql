-- The imports that a run sent, as Constant Contact names them, in the order of sending. Parameter: run_id.
SELECT activity_id FROM reconciler.batches WHERE run_id = :run_id AND activity_id IS NOT NULL ORDER BY batch_id;
