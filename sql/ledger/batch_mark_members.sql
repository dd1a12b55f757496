-- When members are written: for a while after, their absence from a reading proves nothing.
-- Parameters: connection_id, batch_id.
UPDATE reconciler.members AS m SET pushed_at = (SELECT reconciler.clock())
FROM reconciler.batch_contacts AS b
WHERE b.batch_id = :batch_id AND m.connection_id = :connection_id AND m.member_id = b.member_id;
