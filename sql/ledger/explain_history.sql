-- What the runs of a connection did to one contact, or why not, newest first. Parameters: connection_id, contact_id, most.
SELECT r.run_id, u.started_at, u.trigger, u.actor, r.action, r.field, r.before, r.after, r.outcome, r.code, r.message
FROM reconciler.run_rows AS r JOIN reconciler.runs AS u ON u.run_id = r.run_id AND u.connection_id = :connection_id
WHERE r.contact_id = :contact_id
ORDER BY r.run_id DESC, r.row_number LIMIT :most;
