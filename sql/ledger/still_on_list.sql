-- Who is still on the list though the CRM does not want them there, and why: nobody is removed by us, so somebody may act
-- by hand. Their contact is the one that is linked to them, else one with their address. Parameter: connection_id.
WITH stands AS MATERIALIZED (
    SELECT s.contact_id, s.member_id, s.place, k.address_hash, k.changed_at, coalesce(p.decided_at, k.changed_at) AS since
    FROM reconciler.stands(:connection_id) AS s
    JOIN reconciler.contacts AS k ON k.connection_id = :connection_id AND k.contact_id = s.contact_id
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = s.contact_id
), still AS MATERIALIZED (
    SELECT l.member_id, l.address, l.address_hash FROM reconciler.list_stands(:connection_id) AS l
    WHERE l.place = 'still_on_list'
), theirs AS (
    SELECT l.member_id AS of_member, s.* FROM still AS l JOIN stands AS s ON s.member_id = l.member_id
    UNION ALL
    SELECT l.member_id, s.* FROM still AS l JOIN stands AS s ON s.address_hash = l.address_hash
), first AS (
    SELECT DISTINCT ON (t.of_member) t.* FROM theirs AS t
    ORDER BY t.of_member, t.member_id IS NOT DISTINCT FROM t.of_member DESC, t.changed_at, t.contact_id
)
SELECT CAST(l.member_id AS text) AS member_id, l.address, f.contact_id, coalesce(f.place, 'moved_away') AS reason, f.since
FROM still AS l LEFT JOIN first AS f ON f.of_member = l.member_id
ORDER BY l.address, l.member_id;
