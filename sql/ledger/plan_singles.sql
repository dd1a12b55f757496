-- The changes to push by a call of their own that are in no batch yet: new people before
-- fields. Who has moved on or is no longer wanted is left.
-- Parameters: connection_id, run_id.
SELECT o.contact_id, o.kind, o.address, o."values", o.before, o.applied, CAST(o.member_id AS text) AS member_id,
       o.address_hash, c.digest, o.is_single, o.has_rest, m.address_hash AS former_hash
FROM reconciler.plan_changes AS o
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = o.contact_id
LEFT JOIN reconciler.members AS m ON m.connection_id = :connection_id AND m.member_id = o.member_id
WHERE o.run_id = :run_id AND o.is_single AND o.kind <> 'skip' AND NOT o.is_sent
  AND c.address_hash = o.address_hash AND c.eligible AND NOT c.opted_out AND c.gone_at IS NULL
  AND NOT EXISTS (SELECT FROM reconciler.batch_contacts AS b WHERE b.connection_id = :connection_id AND NOT b.settled
                    AND (b.contact_id = o.contact_id OR o.address_hash IN (b.address_hash, b.former_hash)))
ORDER BY o.kind = 'update', o.contact_id;
