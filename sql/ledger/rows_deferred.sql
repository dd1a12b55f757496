-- A row for each planned change that was not sent. Parameters: run_id, code, message, only_singles.
INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, field, before, after, outcome, code, message)
SELECT o.run_id, o.contact_id, o.address, o.kind, f.field,
       CASE WHEN f.field = 'email' THEN m.address ELSE o.before ->> f.field END, f.value, 'deferred', :code, :message
FROM reconciler.plan_changes AS o
JOIN reconciler.runs AS u ON u.run_id = o.run_id
LEFT JOIN reconciler.members AS m ON m.connection_id = u.connection_id AND m.member_id = o.member_id
LEFT JOIN LATERAL (
    SELECT e.key AS field, e.value
    FROM jsonb_each_text(o."values" || CASE WHEN o.kind = 'readdress' THEN jsonb_build_object('email', o.address) ELSE '{}' END) AS e
    WHERE e.value IS DISTINCT FROM o.before ->> e.key ORDER BY e.key) AS f ON true
WHERE o.run_id = :run_id AND o.kind <> 'skip' AND NOT o.is_sent AND (o.is_single OR NOT :only_singles)
  AND NOT EXISTS (SELECT FROM reconciler.run_rows AS r WHERE r.run_id = o.run_id AND r.contact_id = o.contact_id
                    AND r.action <> 'skip')
ORDER BY o.contact_id, f.field;
