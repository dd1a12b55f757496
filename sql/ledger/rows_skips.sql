-- A row for each contact that was not pushed, with its reason; and one for each field that was left out.
-- Parameters: run_id, connection_id.
INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, field, after, outcome, code, message)
SELECT o.run_id, o.contact_id, o.address, 'skip', NULL, NULL,
       CASE WHEN o.reason IN ('rejected', 'needs_single_write') THEN 'rejected'
            WHEN o.reason IN ('membership_unclear', 'address_taken', 'moved') THEN 'deferred' ELSE 'skipped' END,
       o.reason, o.message
FROM reconciler.plan_changes AS o
WHERE o.run_id = :run_id AND o.kind = 'skip' AND NOT o.is_sent AND o.reason <> 'unchanged'
UNION ALL
SELECT o.run_id, o.contact_id, o.address, 'skip', f.key, left(c.fields ->> f.key, 100), 'skipped', 'field_refused', f.value
FROM reconciler.plan_changes AS o
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = o.contact_id
CROSS JOIN LATERAL jsonb_each_text(c.refused) AS f
WHERE o.run_id = :run_id AND o.kind <> 'skip'
ORDER BY 2, 5 NULLS FIRST;
