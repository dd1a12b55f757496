-- The plan of a run, and how many of its changes go by calls of their own. Parameter: run_id.
SELECT p.digest, p.added, p.updated, p.readdressed,
       (SELECT count(*) FROM reconciler.plan_changes AS o WHERE o.run_id = p.run_id AND o.is_single AND o.kind <> 'skip') AS singles
FROM reconciler.plans AS p WHERE p.run_id = :run_id;
