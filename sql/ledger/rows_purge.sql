-- Delete expired rows of a connection's runs; the reports with their counts stay. Parameters: connection_id, days.
WITH expired AS (
    SELECT run_id FROM reconciler.runs
    WHERE connection_id = :connection_id AND finished_at < reconciler.clock() - make_interval(secs => :days * 86400)
), plans AS (
    DELETE FROM reconciler.plan_changes AS o USING expired AS e WHERE o.run_id = e.run_id
)
DELETE FROM reconciler.run_rows AS r USING expired AS e WHERE r.run_id = e.run_id;
