-- Delete what runs did to some contacts; the reports stay. Parameters: connection_id, among.
DELETE FROM reconciler.run_rows AS r USING reconciler.runs AS u
WHERE r.contact_id = ANY (CAST(:among AS text[])) AND u.run_id = r.run_id AND u.connection_id = :connection_id;
