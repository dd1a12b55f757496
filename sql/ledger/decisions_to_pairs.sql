-- Keep what was decided with the digests it was decided on. A change stays due: it has no digests until it is verified.
-- A link never leaves a member who is off: the state belongs to the person. Parameter: connection_id.
INSERT INTO reconciler.pairs AS p (connection_id, contact_id, member_id, contact_digest, member_digest, verdict, message,
                                   decided_at, look_again_at, applied, shown, drifted)
SELECT :connection_id, s.contact_id, link.member_id,
       CASE WHEN s.kind NOT IN ('add', 'update') AND s.verdict <> 'moved' THEN c.digest END,
       CASE WHEN s.kind NOT IN ('add', 'update') AND s.verdict <> 'moved'
            THEN coalesce(m.digest, '') || coalesce(l.digest, '') END,
       s.verdict, s.message, reconciler.clock(),
       reconciler.clock() + make_interval(secs => s.look_again_seconds),
       CASE WHEN s.verdict = 'unchanged' THEN s.applied ELSE coalesce(old.applied, '{}') END,
       CASE WHEN s.verdict = 'unchanged' THEN s.shown ELSE coalesce(old.shown, '{}') END,
       s.drifted
FROM staged_decisions AS s
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = s.contact_id
LEFT JOIN reconciler.pairs AS old ON old.connection_id = :connection_id AND old.contact_id = s.contact_id
LEFT JOIN reconciler.members AS o ON o.connection_id = :connection_id AND o.member_id = old.member_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.member_id IS NOT NULL
                     AND (o.status NOT IN ('explicit', 'implicit') OR o.left_at IS NOT NULL
                          OR s.member_id IS NULL)
                THEN o.member_id ELSE s.member_id END AS member_id) AS link
LEFT JOIN reconciler.members AS m ON m.connection_id = :connection_id AND m.address_hash = c.address_hash
LEFT JOIN reconciler.members AS l ON l.connection_id = :connection_id AND l.member_id = link.member_id
ON CONFLICT (connection_id, contact_id) DO UPDATE
SET member_id = EXCLUDED.member_id, contact_digest = EXCLUDED.contact_digest, member_digest = EXCLUDED.member_digest,
    verdict = EXCLUDED.verdict, message = EXCLUDED.message, decided_at = EXCLUDED.decided_at,
    look_again_at = EXCLUDED.look_again_at, applied = EXCLUDED.applied, shown = EXCLUDED.shown,
    drifted = EXCLUDED.drifted;
