-- When verified members were written: for a while after, their absence from a reading proves nothing.
-- Parameter: batch_id.
UPDATE reconciler.members AS m SET pushed_at = reconciler.clock()
FROM staged_receipts AS r, reconciler.batch_contacts AS b
WHERE b.batch_id = :batch_id AND b.contact_id = r.contact_id AND r.outcome = 'verified'
  AND m.connection_id = b.connection_id AND m.member_id = r.member_id;
