-- Keep what was decided with the digests it was decided on. A change stays due: it has no digests until it is verified.
-- A link never leaves a member who is off: the state belongs to the person. Who is not the one of an address that is
-- synced gives up the link to its member, so that the choice stays and a new address is a new person's.
-- What the CRM had changed for it is told no more once it is decided, but for those who only wait.
-- Parameter: connection_id.
WITH decided AS (
    UPDATE reconciler.contacts AS c SET formerly = '{}'
    FROM staged_decisions AS s
    WHERE c.connection_id = :connection_id AND c.contact_id = s.contact_id AND c.formerly <> '{}'
      AND s.kind = 'skip' AND s.verdict NOT IN ('moved', 'address_taken', 'membership_unclear')
)
INSERT INTO reconciler.pairs AS p (connection_id, contact_id, member_id, contact_digest, member_digest, verdict, message,
                                   decided_at, look_again_at, applied, shown, drifted)
SELECT :connection_id, s.contact_id, link.member_id,
       CASE WHEN s.kind = 'skip' AND s.verdict <> 'moved' THEN c.digest END,
       CASE WHEN s.kind = 'skip' AND s.verdict <> 'moved'
            THEN coalesce(m.digest, '') || coalesce(l.digest, '') END,
       s.verdict, s.message, (SELECT reconciler.clock()),
       (SELECT reconciler.clock()) + make_interval(secs => s.look_again_seconds),
       -- What was pushed says something only of the member it was pushed to.
       CASE WHEN s.verdict = 'unchanged' THEN s.applied
            WHEN link.member_id IS NOT DISTINCT FROM old.member_id THEN coalesce(old.applied, '{}') ELSE '{}' END,
       CASE WHEN s.verdict = 'unchanged' THEN s.shown
            WHEN link.member_id IS NOT DISTINCT FROM old.member_id THEN coalesce(old.shown, '{}') ELSE '{}' END,
       s.drifted
FROM staged_decisions AS s
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = s.contact_id
LEFT JOIN reconciler.pairs AS old ON old.connection_id = :connection_id AND old.contact_id = s.contact_id
LEFT JOIN reconciler.members AS o ON o.connection_id = :connection_id AND o.member_id = old.member_id
LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                   WHERE a.connection_id = :connection_id AND a.address_hash = c.address_hash
                   ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
CROSS JOIN LATERAL (
    SELECT s.verdict IN ('duplicate', 'out_of_scope', 'opted_out') AND m.left_at IS NULL
           AND m.status IN ('explicit', 'implicit')
           AND EXISTS (SELECT FROM reconciler.contacts AS mate
                       JOIN staged_decisions AS d ON d.contact_id = mate.contact_id
                       WHERE mate.connection_id = :connection_id AND mate.address_group = c.address_group
                         AND d.contact_id <> s.contact_id
                         AND d.verdict NOT IN ('duplicate', 'out_of_scope', 'opted_out')) AS yes) AS loses
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.member_id IS NOT NULL
                     AND (o.status NOT IN ('explicit', 'implicit') OR o.left_at IS NOT NULL
                          OR s.member_id IS NULL AND NOT loses.yes)
                THEN o.member_id
                WHEN loses.yes THEN CASE WHEN o.member_id <> m.member_id THEN o.member_id END
                ELSE s.member_id END AS member_id) AS link
LEFT JOIN reconciler.members AS l ON l.connection_id = :connection_id AND l.member_id = link.member_id
ON CONFLICT (connection_id, contact_id) DO UPDATE
SET member_id = EXCLUDED.member_id, contact_digest = EXCLUDED.contact_digest, member_digest = EXCLUDED.member_digest,
    verdict = EXCLUDED.verdict, message = EXCLUDED.message, decided_at = EXCLUDED.decided_at,
    look_again_at = EXCLUDED.look_again_at, applied = EXCLUDED.applied, shown = EXCLUDED.shown,
    drifted = EXCLUDED.drifted,
    -- Seen on the list again, or off by their own word since: leaving counts again.
    rejoin_at = CASE WHEN EXCLUDED.verdict IN ('unchanged', 'update', 'unsubscribed', 'opted_out') THEN NULL
                     ELSE p.rejoin_at END,
    rejoin_basis = CASE WHEN EXCLUDED.verdict IN ('unchanged', 'update', 'unsubscribed', 'opted_out') THEN NULL
                        ELSE p.rejoin_basis END;
