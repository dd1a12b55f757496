-- Who approved a plan that was to add this contact, last. Parameters: connection_id, contact_id.
SELECT a.run_id, a.approved_by, a.approved_at FROM reconciler.approvals AS a
JOIN reconciler.plan_changes AS o ON o.run_id = a.run_id AND o.contact_id = :contact_id AND o.kind = 'add'
WHERE a.connection_id = :connection_id ORDER BY a.approved_at DESC LIMIT 1;
