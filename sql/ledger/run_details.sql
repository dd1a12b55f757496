-- The rows of a run, in order. Parameters: run_id, limit (or NULL).
SELECT run_id, contact_id, email, action, field, before, after, outcome, code, message FROM reconciler.run_rows
WHERE run_id = :run_id ORDER BY row_number LIMIT CAST(:limit AS bigint);
