-- All that is known of one contact, and of the members that it is or was matched with. Parameters: connection_id, contact_id.
SELECT c.contact_id, c.address, c.fault, c.eligible, c.opted_out, c.fields, c.refused, c.changed_at, c.gone_at, c.is_unsure,
       w.read_at, p.verdict, p.message, p.decided_at, p.look_again_at, p.applied, p.shown, p.refused_fields, p.untaken, p.drifted,
       p.rejoin_at, p.rejoin_basis,
       p.contact_digest IS NOT DISTINCT FROM c.digest AS is_of_this_contact,
       p.contact_digest IS NOT DISTINCT FROM c.digest
           AND p.member_digest IS NOT DISTINCT FROM coalesce(m.digest, '') || coalesce(k.digest, '') AS is_decided,
       CAST(t.member_id AS text) AS member_id, t.status, t.on_list, t.absent_at, t.left_at, t.opted_out_at, t.deleted_at,
       t.seen_on_list_at, t.read_at AS member_read_at, t.fields AS there, t.address AS address_there,
       m.member_id IS NOT NULL AS is_by_address,
       r.code AS reject_code, r.message AS reject_message, r.since AS rejected_since, r.attempts, r.again_at,
       b.state AS batch_state, b.intended_at, b.activity_id,
       n.consent_basis,
       (SELECT d.contact_id FROM reconciler.contacts AS d
        JOIN reconciler.pairs AS q ON q.connection_id = d.connection_id AND q.contact_id = d.contact_id
        WHERE d.connection_id = c.connection_id AND d.address_hash = c.address_hash AND d.contact_id <> c.contact_id
          AND d.gone_at IS NULL AND q.verdict IS DISTINCT FROM 'duplicate' ORDER BY d.contact_id LIMIT 1) AS chosen
FROM reconciler.contacts AS c
JOIN reconciler.connections AS n ON n.connection_id = c.connection_id
LEFT JOIN reconciler.watermarks AS w ON w.connection_id = c.connection_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                   WHERE a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                   ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
LEFT JOIN reconciler.members AS k ON k.connection_id = c.connection_id AND k.member_id = p.member_id
LEFT JOIN reconciler.members AS t ON t.connection_id = c.connection_id AND t.member_id = coalesce(m.member_id, p.member_id)
LEFT JOIN reconciler.rejects AS r ON r.connection_id = c.connection_id AND r.contact_id = c.contact_id
LEFT JOIN LATERAL (SELECT s.state, s.intended_at, s.activity_id FROM reconciler.batch_contacts AS x
                   JOIN reconciler.batches AS s ON s.batch_id = x.batch_id
                   WHERE x.connection_id = c.connection_id AND x.contact_id = c.contact_id AND NOT x.settled) AS b ON true
WHERE c.connection_id = :connection_id AND c.contact_id = :contact_id;
