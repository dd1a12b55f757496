-- A contact that was read in a run was read, whatever it is called: the sums of that run still meet.
-- Parameters: connection_id, among, names (what each is called from now on).
UPDATE reconciler.reads AS d SET contact_id = w.name
FROM unnest(CAST(:among AS text[]), CAST(:names AS text[])) AS w (contact_id, name), reconciler.runs AS u
WHERE u.connection_id = :connection_id AND d.run_id = u.run_id AND d.contact_id = w.contact_id
  AND NOT EXISTS (SELECT FROM reconciler.reads AS e WHERE e.run_id = d.run_id AND e.contact_id = w.name);
