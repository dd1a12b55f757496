-- All rows of a run, in the order in which they were written. It may have millions. Parameter: run_id.
SELECT run_id, contact_id, email, action, field, before, after, outcome, code, message
FROM reconciler.run_rows WHERE run_id = :run_id ORDER BY row_number;
