-- Each connection with what it has of one person: the contacts with the address, and those whose member has it; whether
-- they are on the list; and whether an import of them is unsettled.
-- Parameters: address_hash, spellings (the address as it may be written).
SELECT c.connection_id, c.name, p.contacts,
       EXISTS (SELECT FROM reconciler.members AS m
               WHERE m.connection_id = c.connection_id AND m.on_list AND m.absent_at IS NULL
                 AND (m.address_hash = :address_hash
                      OR m.member_id IN (SELECT q.member_id FROM reconciler.pairs AS q
                                         WHERE q.connection_id = c.connection_id AND q.contact_id = ANY (p.contacts)))
              ) AS on_list,
       EXISTS (SELECT FROM reconciler.batch_contacts AS b
               WHERE b.connection_id = c.connection_id AND NOT b.settled
                 AND (b.contact_id = ANY (p.contacts) OR :address_hash IN (b.address_hash, b.former_hash))) AS is_unsettled
FROM reconciler.connections AS c
CROSS JOIN LATERAL (
    SELECT ARRAY(
        SELECT k.contact_id FROM reconciler.contacts AS k
        WHERE k.connection_id = c.connection_id AND k.address_hash = :address_hash
        UNION
        SELECT k.contact_id FROM reconciler.contacts AS k
        WHERE k.connection_id = c.connection_id AND k.address_hash IS NULL
          AND (k.address = ANY (CAST(:spellings AS text[])) OR lower(k.address) = ANY (CAST(:spellings AS text[])))
        UNION
        SELECT q.contact_id FROM reconciler.members AS m
        JOIN reconciler.pairs AS q ON q.connection_id = m.connection_id AND q.member_id = m.member_id
        WHERE m.connection_id = c.connection_id AND m.address_hash = :address_hash
        ORDER BY 1) AS contacts) AS p
WHERE p.contacts <> '{}'
   OR EXISTS (SELECT FROM reconciler.members AS m
              WHERE m.connection_id = c.connection_id AND m.address_hash = :address_hash)
   OR EXISTS (SELECT FROM reconciler.batch_contacts AS b
              WHERE b.connection_id = c.connection_id AND :address_hash IN (b.address_hash, b.former_hash))
   OR EXISTS (SELECT FROM reconciler.runs AS u JOIN reconciler.run_rows AS r ON r.run_id = u.run_id
              WHERE u.connection_id = c.connection_id
                AND (r.email = ANY (CAST(:spellings AS text[])) OR lower(r.email) = ANY (CAST(:spellings AS text[]))))
ORDER BY c.name;
