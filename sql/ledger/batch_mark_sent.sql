-- The plan's changes that are in this batch. Parameters: run_id, batch_id.
UPDATE reconciler.plan_changes AS o SET is_sent = true
FROM reconciler.batch_contacts AS b
WHERE b.batch_id = :batch_id AND o.run_id = :run_id AND o.contact_id = b.contact_id;
