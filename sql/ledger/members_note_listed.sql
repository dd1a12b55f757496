-- Who is on the list by a reading that tells nothing else of them. Parameter: connection_id.
UPDATE reconciler.members AS m
SET on_list = true, left_at = NULL, absent_at = NULL, absent_by = NULL, seen_on_list_at = reconciler.clock()
FROM staged_listed AS s
WHERE m.connection_id = :connection_id AND m.member_id = s.member_id
  AND (NOT m.on_list OR m.absent_at IS NOT NULL OR m.left_at IS NOT NULL);
