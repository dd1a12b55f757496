-- Delete expired rows of a connection's runs, and what was sent in their settled batches; the reports stay.
-- Parameters: connection_id, days.
WITH expired AS (
    UPDATE reconciler.runs SET purged_at = reconciler.clock()
    WHERE connection_id = :connection_id AND purged_at IS NULL
      AND finished_at < reconciler.clock() - make_interval(secs => :days * 86400)
    RETURNING run_id
), plans AS (
    DELETE FROM reconciler.plan_changes AS o USING expired AS e WHERE o.run_id = e.run_id
), batches AS (
    DELETE FROM reconciler.batch_contacts AS b USING expired AS e, reconciler.batches AS t
    WHERE t.run_id = e.run_id AND b.batch_id = t.batch_id AND b.settled
)
DELETE FROM reconciler.run_rows AS r USING expired AS e WHERE r.run_id = e.run_id;
