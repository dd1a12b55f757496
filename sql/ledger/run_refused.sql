-- How many contacts a run wrote or tried to, and how many of them were refused. Parameter: run_id.
SELECT count(DISTINCT contact_id) AS written,
       count(DISTINCT contact_id) FILTER (WHERE outcome = 'rejected') AS refused
FROM reconciler.run_rows
WHERE run_id = :run_id AND action <> 'skip' AND outcome IN ('verified', 'rejected', 'in_doubt');
