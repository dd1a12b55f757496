-- Write the staged decisions into the plan of a run; who is simply unchanged needs no line, but where a field is left
-- out, or where no verdict is remembered. Parameters: connection_id, run_id, keep (whether verdicts are remembered).
INSERT INTO reconciler.plan_changes AS o (run_id, contact_id, kind, reason, message, member_id, address, address_hash,
                                          "values", before, applied, is_new, is_single, has_rest)
SELECT :run_id, s.contact_id, s.kind, CASE WHEN s.kind = 'skip' THEN s.verdict END, s.message, s.member_id,
       c.address, c.address_hash, s."values", s.before, s.applied, p.verdict IS DISTINCT FROM s.verdict,
       s.is_single, s.has_rest
FROM staged_decisions AS s
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = s.contact_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = s.contact_id
LEFT JOIN reconciler.members AS m ON m.connection_id = :connection_id AND m.member_id = s.member_id
WHERE s.verdict <> 'unchanged' OR c.refused <> '{}'
   OR NOT :keep AND p.verdict IS DISTINCT FROM 'unchanged'
   OR m.occupied <> '{}' AND reconciler.surplus(c.fields, coalesce(m.fields, '{}'), m.occupied) <> '{}'
   OR EXISTS (SELECT FROM reconciler.plan_changes AS e WHERE e.run_id = :run_id AND e.contact_id = s.contact_id)
ON CONFLICT (run_id, contact_id) DO UPDATE
SET kind = EXCLUDED.kind, reason = EXCLUDED.reason, message = EXCLUDED.message, member_id = EXCLUDED.member_id,
    address = EXCLUDED.address, address_hash = EXCLUDED.address_hash, "values" = EXCLUDED."values",
    before = EXCLUDED.before, applied = EXCLUDED.applied, is_new = o.is_new OR EXCLUDED.is_new,
    is_single = EXCLUDED.is_single, has_rest = EXCLUDED.has_rest
WHERE NOT o.is_sent;
