-- A row for each contact that was not pushed, with its reason; and one for each field that was left out.
-- Parameters: run_id, connection_id.
INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, field, after, outcome, code, message)
SELECT o.run_id, o.contact_id, o.address, 'skip', NULL, NULL,
       CASE WHEN o.reason IN ('rejected', 'needs_single_write', 'too_many_lists') THEN 'rejected'
            WHEN o.reason IN ('membership_unclear', 'address_taken', 'moved') THEN 'deferred' ELSE 'skipped' END,
       o.reason, o.message
FROM reconciler.plan_changes AS o
WHERE o.run_id = :run_id AND o.kind = 'skip' AND NOT o.is_sent AND o.reason <> 'unchanged'
UNION ALL
SELECT o.run_id, o.contact_id, o.address, 'skip', f.key, left(c.fields ->> f.key, 100), 'skipped', 'field_refused', f.value
FROM reconciler.plan_changes AS o
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = o.contact_id
LEFT JOIN reconciler.members AS m ON m.connection_id = :connection_id AND m.member_id = o.member_id
CROSS JOIN LATERAL jsonb_each_text(
    CASE WHEN coalesce(m.occupied, '{}') = '{}' THEN c.refused
         ELSE c.refused || reconciler.surplus(c.fields, coalesce(m.fields, '{}'), m.occupied) END) AS f
WHERE o.run_id = :run_id AND (o.kind <> 'skip' OR o.reason = 'unchanged')
ORDER BY 2, 5 NULLS FIRST;
