-- The next candidates: each contact of the next groups, the member with its address, and the member it is linked to.
-- Parameters: connection_id, after (the last group seen), size (how many groups).
SELECT c.contact_id, c.address, c.fault, c.eligible, c.opted_out, c.refused, c.gone_at IS NOT NULL AS gone, c.is_forgotten,
       c.address_group,
       -- A field for which there is no place is not wanted.
       CASE WHEN coalesce(written.occupied, '{}') = '{}' THEN c.fields
            ELSE c.fields - ARRAY(SELECT jsonb_object_keys(reconciler.surplus(
                     c.fields, coalesce(written.fields, '{}'), written.occupied))) END AS fields,
       CAST(m.member_id AS text) AS m_member_id, m.status AS m_status, m.on_list AS m_on_list,
       m.left_at IS NOT NULL AS m_left, m.absent_at IS NOT NULL AS m_absent, m.fields AS m_fields,
       m.opted_out_at IS NOT NULL AS m_opted_out, m.occupied ? 'lists' AS m_lists_full,
       CAST(l.member_id AS text) AS l_member_id, l.status AS l_status, l.on_list AS l_on_list,
       l.left_at IS NOT NULL AS l_left, l.absent_at IS NOT NULL AS l_absent, l.fields AS l_fields,
       l.opted_out_at IS NOT NULL AS l_opted_out, l.occupied ? 'lists' AS l_lists_full,
       coalesce(p.member_id = m.member_id, false) AS is_linked,
       p.applied, p.shown, p.refused_fields, r.message AS rejected,
       p.untaken, p.rejoin_at IS NOT NULL AS may_rejoin,
       leaves.yes AS claimed,
       -- The member it is linked to has become another contact's.
       EXISTS (SELECT FROM reconciler.pairs AS q
               JOIN reconciler.contacts AS d ON d.connection_id = q.connection_id AND d.contact_id = q.contact_id
               WHERE q.connection_id = c.connection_id AND q.member_id = l.member_id AND q.contact_id <> c.contact_id
                 AND d.gone_at IS NULL AND q.verdict IN ('unchanged', 'add', 'update', 'readdress')) AS is_anothers
FROM (SELECT address_group FROM candidate_groups WHERE address_group > :after ORDER BY address_group LIMIT :size) AS g
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.address_group = g.address_group
LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                   WHERE a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                   ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
LEFT JOIN reconciler.members AS l
       ON l.connection_id = c.connection_id AND l.member_id = p.member_id AND l.member_id IS DISTINCT FROM m.member_id
LEFT JOIN reconciler.rejects AS r
       ON r.connection_id = c.connection_id AND r.contact_id = c.contact_id AND r.contact_digest = c.digest
          AND (r.again_at IS NULL OR r.again_at > reconciler.clock())
-- Another contact still has this member and is about to leave this address.
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM leaving_members AS v
                                   WHERE v.member_id = m.member_id AND v.contact_id <> c.contact_id) AS yes) AS leaves
-- The places of fields are those of the member that is written: the own one, where its address is about to be free.
CROSS JOIN LATERAL (
    SELECT CASE WHEN m.member_id IS NULL OR leaves.yes AND l.member_id IS NOT NULL THEN l.fields ELSE m.fields END AS fields,
           CASE WHEN m.member_id IS NULL OR leaves.yes AND l.member_id IS NOT NULL THEN l.occupied ELSE m.occupied END AS occupied
) AS written
ORDER BY c.address_group, c.contact_id;
