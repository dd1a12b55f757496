-- What was sent, is not settled and has no staged receipt, beside the member that has this address now: so many contacts
-- from one on.
-- Parameters: batch_id, after, size.
SELECT b.contact_id, b.kind, b."values", b.before, b.applied, coalesce(b.address, c.address) AS address,
       CAST(b.member_id AS text) AS linked_id,
       CAST(m.member_id AS text) AS member_id, m.status, m.on_list, m.left_at IS NOT NULL AS has_left, m.fields,
       m.opted_out_at IS NOT NULL AS opted_out,
       coalesce(x.attempts, 0) AS attempts, coalesce(p.shown, '{}') AS shown, p.rejoin_at IS NOT NULL AS may_rejoin
FROM reconciler.batch_contacts AS b
JOIN reconciler.contacts AS c ON c.connection_id = b.connection_id AND c.contact_id = b.contact_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = b.connection_id AND p.contact_id = b.contact_id
-- How often just this was refused before.
LEFT JOIN reconciler.rejects AS x
       ON x.connection_id = b.connection_id AND x.contact_id = b.contact_id AND x.contact_digest = b.contact_digest
LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                   WHERE a.connection_id = b.connection_id AND a.address_hash = b.address_hash
                   ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
WHERE b.batch_id = :batch_id AND NOT b.settled AND b.contact_id > :after
  AND NOT EXISTS (SELECT FROM staged_receipts AS r WHERE r.contact_id = b.contact_id)
ORDER BY b.contact_id
LIMIT :size;
