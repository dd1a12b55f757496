-- When verified members were written: for a while after, their absence from a reading proves nothing; not before, because
-- who leaves while an import is in doubt has left. And that they are a contact's. Whom an import brought and who is not on
-- the list any more was on it, though nobody saw it, and has left. Parameter: batch_id.
UPDATE reconciler.members AS m
SET pushed_at = CASE WHEN r.outcome = 'verified' THEN now.at ELSE m.pushed_at END,
    linked_at = CASE WHEN r.outcome = 'verified' THEN coalesce(m.linked_at, now.at) ELSE m.linked_at END,
    left_at = CASE WHEN r.outcome = 'skipped' THEN coalesce(m.left_at, now.at) ELSE m.left_at END,
    seen_on_list_at = CASE WHEN r.outcome = 'skipped' THEN coalesce(m.seen_on_list_at, now.at) ELSE m.seen_on_list_at END
FROM staged_receipts AS r
JOIN reconciler.batch_contacts AS b ON b.batch_id = :batch_id AND b.contact_id = r.contact_id
CROSS JOIN (SELECT reconciler.clock() AS at) AS now
WHERE m.connection_id = b.connection_id AND m.member_id = r.member_id
  AND (r.outcome = 'verified' OR r.outcome = 'skipped' AND r.code = 'left_list');
