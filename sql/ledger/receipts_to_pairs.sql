-- A verified change is decided on the digests that were sent and seen; whoever changed since is a candidate again, who
-- has something left to be sent, and who is not on the list yet. A rejected one is decided until the contact changes, or
-- for so long; so is a deferred one that is to wait. Parameter: batch_id.
UPDATE reconciler.pairs AS p
SET verdict = CASE r.outcome WHEN 'verified' THEN 'unchanged' WHEN 'rejected' THEN 'rejected' WHEN 'skipped' THEN r.code
                         ELSE p.verdict END,
    message = CASE WHEN r.outcome = 'rejected' THEN r.message ELSE '' END,
    member_id = coalesce(r.member_id, p.member_id),
    contact_digest = CASE WHEN r.outcome IN ('rejected', 'skipped') OR r.again_seconds IS NOT NULL
                               OR r.outcome = 'verified' AND l.on_list
                                  AND NOT (b.has_rest OR r.untaken <> '{}' OR r.unsent <> '{}')
                          THEN b.contact_digest END,
    member_digest = CASE WHEN r.outcome IN ('verified', 'rejected', 'skipped') OR r.again_seconds IS NOT NULL
                         THEN coalesce(m.digest, '') || coalesce(l.digest, '') END,
    decided_at = (SELECT reconciler.clock()),
    look_again_at = (SELECT reconciler.clock()) + make_interval(secs => r.again_seconds),
    applied = CASE WHEN r.outcome = 'verified'
                   THEN b.applied - ARRAY(SELECT jsonb_object_keys(r.refused || r.untaken || r.unsent)) ELSE p.applied END,
    shown = CASE WHEN r.outcome = 'verified' THEN r.shown ELSE p.shown END,
    refused_fields = CASE WHEN r.outcome = 'verified'
        THEN coalesce((SELECT jsonb_object_agg(k, b."values" -> k) FROM jsonb_object_keys(r.refused) AS k), '{}')
        ELSE p.refused_fields END,
    untaken = CASE WHEN r.outcome = 'verified'
        THEN coalesce((SELECT jsonb_object_agg(k, b."values" -> k) FROM jsonb_object_keys(r.untaken) AS k), '{}')
        ELSE p.untaken END,
    -- Who is back on the list is let in no more: leaving counts again. Nor who unsubscribed, or left before they were seen.
    rejoin_at = CASE WHEN r.outcome = 'verified' AND l.on_list OR r.code IN ('unsubscribed', 'left_list') THEN NULL ELSE p.rejoin_at END,
    rejoin_basis = CASE WHEN r.outcome = 'verified' AND l.on_list OR r.code IN ('unsubscribed', 'left_list') THEN NULL
                        ELSE p.rejoin_basis END
FROM staged_receipts AS r
JOIN reconciler.batch_contacts AS b ON b.batch_id = :batch_id AND b.contact_id = r.contact_id
LEFT JOIN LATERAL (SELECT a.digest FROM reconciler.members AS a
                   WHERE a.connection_id = b.connection_id AND a.address_hash = b.address_hash
                   ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
LEFT JOIN reconciler.pairs AS q ON q.connection_id = b.connection_id AND q.contact_id = b.contact_id
LEFT JOIN reconciler.members AS l
       ON l.connection_id = b.connection_id AND l.member_id = coalesce(r.member_id, q.member_id)
WHERE p.connection_id = b.connection_id AND p.contact_id = b.contact_id;
