-- A row for each planned change that was not sent. Parameters: run_id, code, message.
INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, field, before, after, outcome, code, message)
SELECT o.run_id, o.contact_id, o.address, o.kind, f.field, o.before ->> f.field, f.value, 'deferred',
       CASE o.kind WHEN 'readdress' THEN 'readdress_not_yet' ELSE :code END,
       CASE o.kind WHEN 'readdress' THEN 'the e-mail address changed; changing it at Constant Contact is not done yet'
                   ELSE :message END
FROM reconciler.plan_changes AS o
LEFT JOIN LATERAL (SELECT e.key AS field, e.value FROM jsonb_each_text(o."values") AS e
                   WHERE e.value IS DISTINCT FROM o.before ->> e.key ORDER BY e.key) AS f ON true
WHERE o.run_id = :run_id AND o.kind <> 'skip' AND NOT o.is_sent
  AND NOT EXISTS (SELECT FROM reconciler.run_rows AS r WHERE r.run_id = o.run_id AND r.contact_id = o.contact_id
                    AND r.action <> 'skip')
ORDER BY o.contact_id, f.field;
