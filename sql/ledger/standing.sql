-- How both sides stand: every contact of the CRM, and every mailable member of the list, in exactly one place.
-- Parameter: connection_id.
WITH stands AS (
    SELECT c.contact_id, m.member_id, c.gone_at IS NULL AS is_in_crm,
           CASE
               WHEN p.verdict IS NULL THEN 'waiting'
               WHEN p.verdict IN ('unchanged', 'add', 'update', 'readdress', 'rejected', 'needs_single_write', 'too_many_lists',
                                  'membership_unclear', 'address_taken', 'moved')
                   AND m.on_list AND m.absent_at IS NULL AND m.status IN ('explicit', 'implicit')
                   AND row_number() OVER (PARTITION BY m.member_id ORDER BY p.verdict <> 'unchanged', c.contact_id) = 1
                   THEN 'on_list'
               WHEN p.verdict IN ('unchanged', 'add', 'update', 'readdress', 'membership_unclear', 'address_taken', 'moved')
                   THEN 'waiting'
               WHEN p.verdict IN ('needs_single_write', 'too_many_lists') THEN 'rejected'
               ELSE p.verdict END AS place
    FROM reconciler.contacts AS c
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    -- Who was just sent has no link yet: their member is the one with their address.
    LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                       WHERE p.member_id IS NULL AND p.verdict = 'add'
                         AND a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                       ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS n ON true
    LEFT JOIN reconciler.members AS m
           ON m.connection_id = c.connection_id AND m.member_id = coalesce(p.member_id, n.member_id)
    WHERE c.connection_id = :connection_id
)
SELECT 'crm' AS side, s.place, count(*) AS contacts FROM stands AS s WHERE s.is_in_crm GROUP BY s.place
UNION ALL
SELECT 'list', CASE
        WHEN EXISTS (SELECT FROM stands AS s WHERE s.member_id = m.member_id AND s.place = 'on_list' AND s.is_in_crm)
            THEN 'from_crm'
        WHEN m.linked_at IS NOT NULL
            OR EXISTS (SELECT FROM stands AS s WHERE s.member_id = m.member_id)
            OR EXISTS (SELECT FROM reconciler.contacts AS c
                       WHERE c.connection_id = m.connection_id AND c.address_hash = m.address_hash) THEN 'still_on_list'
        ELSE 'others' END, count(*)
FROM reconciler.members AS m
WHERE m.connection_id = :connection_id AND m.on_list AND m.absent_at IS NULL AND m.status IN ('explicit', 'implicit')
GROUP BY 2
ORDER BY 1, 2;
