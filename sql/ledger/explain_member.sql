-- A member whom no contact of the CRM has. Parameters: connection_id, address_hash.
SELECT CAST(m.member_id AS text) AS member_id, m.status, m.on_list, m.absent_at, m.left_at, m.opted_out_at, m.deleted_at,
       m.seen_on_list_at, m.read_at, m.linked_at
FROM reconciler.members AS m WHERE m.connection_id = :connection_id AND m.address_hash = :address_hash
ORDER BY m.status = 'deleted', m.member_id LIMIT 1;
