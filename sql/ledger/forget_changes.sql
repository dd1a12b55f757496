-- Delete what was planned for some contacts. Parameters: connection_id, among.
DELETE FROM reconciler.plan_changes AS o USING reconciler.runs AS u
WHERE u.connection_id = :connection_id AND o.run_id = u.run_id AND o.contact_id = ANY (CAST(:among AS text[]));
