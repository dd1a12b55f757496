-- Rows of a run before one of them, the nearest first, as a page of the console filters them.
-- Parameters: run_id, before (a row number), most, action, outcome, code, bucket (each empty: any), contact_ids (or NULL),
-- buckets (by a skip's code its bucket), planned (codes of what was only planned).
SELECT run_id, contact_id, email, action, field, before, after, outcome, code, message, row_number
FROM reconciler.run_rows
WHERE run_id = :run_id AND row_number < :before
  AND (:action = '' OR action = :action) AND (:outcome = '' OR outcome = :outcome) AND (:code = '' OR code = :code)
  AND (CAST(:contact_ids AS text[]) IS NULL OR contact_id = ANY (CAST(:contact_ids AS text[])))
  AND (:bucket = '' OR :bucket = CASE
      WHEN action = 'skip' THEN coalesce(CAST(:buckets AS jsonb) ->> code, 'unchanged')
      WHEN outcome = 'verified' OR code = ANY (CAST(:planned AS text[])) THEN CASE action WHEN 'add' THEN 'added' ELSE 'updated' END
      WHEN outcome = 'skipped' THEN 'suppressed' ELSE outcome END)
ORDER BY row_number DESC LIMIT :most;
