-- Constant Contact knows the id no more. Parameters: connection_id, member_id.
UPDATE reconciler.members
SET opted_out_at = coalesce(opted_out_at, CASE WHEN status = 'unsubscribed' THEN read_at END),
    status = 'deleted', on_list = false, absent_at = NULL, absent_by = NULL,
    deleted_at = coalesce(deleted_at, reconciler.clock()), read_at = reconciler.clock()
WHERE connection_id = :connection_id AND member_id = CAST(:member_id AS uuid);
