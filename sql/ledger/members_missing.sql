-- Who is on the list in the mirror, and not by the export that was staged. Parameter: connection_id.
SELECT CAST(m.member_id AS text) AS member_id FROM reconciler.members AS m
WHERE m.connection_id = :connection_id AND m.on_list AND m.status <> 'deleted'
  AND NOT EXISTS (SELECT FROM staged_listed AS s WHERE s.member_id = m.member_id);
