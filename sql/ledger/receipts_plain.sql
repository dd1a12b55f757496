-- Stage a receipt for whoever of a batch plainly shows all that was sent, letter by letter, as judging would give it: the
-- member of the address is on the list and not off, and nothing was shown differently before. Parameter: batch_id.
INSERT INTO staged_receipts (contact_id, outcome, member_id, shown, refused, untaken, unsent, code, message)
SELECT b.contact_id, 'verified', m.member_id, '{}', '{}', '{}', '{}', '', ''
FROM reconciler.batch_contacts AS b
CROSS JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                    WHERE a.connection_id = b.connection_id AND a.address_hash = b.address_hash
                    ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m
LEFT JOIN reconciler.pairs AS p ON p.connection_id = b.connection_id AND p.contact_id = b.contact_id
WHERE b.batch_id = :batch_id AND NOT b.settled
  AND m.on_list AND m.status IN ('explicit', 'implicit') AND m.left_at IS NULL AND m.opted_out_at IS NULL
  AND m.fields @> b."values" AND coalesce(p.shown, '{}') = '{}';
