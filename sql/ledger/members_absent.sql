-- Who was missed by a reading and is not yet known to have left. Parameter: connection_id.
SELECT CAST(member_id AS text) AS member_id, absent_by,
       extract(epoch FROM reconciler.clock() - absent_at) AS waited_seconds
FROM reconciler.members
WHERE connection_id = :connection_id AND absent_at IS NOT NULL
ORDER BY member_id;
