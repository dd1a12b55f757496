-- A run's times, by the clock that decides, and what it is. Parameter: run_id.
SELECT started_at, reconciler.clock() AS now, trigger, actor, mode, reason FROM reconciler.runs WHERE run_id = :run_id;
