-- Of contacts that somebody wants to let back in, what stands against it: NULL where nothing does. Whoever has the
-- address, or had it before, counts. Parameters: connection_id, among.
SELECT a.contact_id,
       CASE WHEN c.contact_id IS NULL OR c.gone_at IS NOT NULL THEN 'not_in_crm'
            WHEN EXISTS (SELECT FROM reconciler.contacts AS mate
                         LEFT JOIN reconciler.pairs AS q
                                ON q.connection_id = mate.connection_id AND q.contact_id = mate.contact_id
                         JOIN reconciler.members AS m ON m.connection_id = mate.connection_id
                                AND (m.member_id = q.member_id OR m.address_hash = mate.address_hash)
                         WHERE mate.connection_id = c.connection_id AND mate.address_group = c.address_group
                           AND (m.status = 'unsubscribed' OR m.opted_out_at IS NOT NULL))
                THEN 'unsubscribed'
            WHEN p.verdict IN ('left_list', 'deleted_there') THEN NULL
            ELSE coalesce(p.verdict, 'undecided') END AS against
FROM unnest(CAST(:among AS text[])) WITH ORDINALITY AS a (contact_id, place)
LEFT JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = a.contact_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = a.contact_id
ORDER BY a.place;
