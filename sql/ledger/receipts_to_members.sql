-- When verified members were written: for a while after, their absence from a reading proves nothing. Whom an import
-- brought and who is not on the list any more was on it, though nobody saw it, and has left. Parameter: batch_id.
UPDATE reconciler.members AS m
SET pushed_at = CASE WHEN r.outcome = 'verified' THEN reconciler.clock() ELSE m.pushed_at END,
    left_at = CASE WHEN r.outcome = 'skipped' AND r.code = 'left_list' THEN coalesce(m.left_at, reconciler.clock())
                   ELSE m.left_at END,
    seen_on_list_at = CASE WHEN r.outcome = 'skipped' AND r.code = 'left_list'
                           THEN coalesce(m.seen_on_list_at, reconciler.clock()) ELSE m.seen_on_list_at END
FROM staged_receipts AS r, reconciler.batch_contacts AS b
WHERE b.batch_id = :batch_id AND b.contact_id = r.contact_id AND r.outcome IN ('verified', 'skipped')
  AND m.connection_id = b.connection_id AND m.member_id = r.member_id;
