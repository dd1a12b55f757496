-- The plan of a run. Parameter: run_id.
SELECT digest, added, updated, readdressed FROM reconciler.plans WHERE run_id = :run_id;
