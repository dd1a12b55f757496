-- Who is still on the list though the CRM does not want them there, and why: nobody is removed by us, so somebody may act
-- by hand. Parameter: connection_id.
SELECT CAST(l.member_id AS text) AS member_id, l.address, c.contact_id, coalesce(c.place, 'moved_away') AS reason, c.since
FROM reconciler.list_stands(:connection_id) AS l
LEFT JOIN LATERAL (
    SELECT s.contact_id, s.place, coalesce(p.decided_at, k.changed_at) AS since
    FROM reconciler.stands(:connection_id) AS s
    JOIN reconciler.contacts AS k ON k.connection_id = :connection_id AND k.contact_id = s.contact_id
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = s.contact_id
    WHERE s.member_id = l.member_id OR k.address_hash = l.address_hash
    ORDER BY s.member_id IS NOT DISTINCT FROM l.member_id DESC, k.changed_at, s.contact_id LIMIT 1) AS c ON true
WHERE l.place = 'still_on_list'
ORDER BY l.address, l.member_id;
