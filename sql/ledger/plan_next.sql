-- The changes to push by imports that are in no batch yet, in plan order: what an import has of them.
-- Who has moved to another address or is no longer wanted is left, also where an unsettled batch keeps them from being decided anew.
-- Parameters: connection_id, run_id.
SELECT o.contact_id, o.address, o."values", p.rejoin_at IS NOT NULL AS may_rejoin
FROM reconciler.plan_changes AS o
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = o.contact_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = o.contact_id
WHERE o.run_id = :run_id AND o.kind IN ('add', 'update') AND NOT o.is_single AND NOT o.is_sent
  AND c.address_hash = o.address_hash AND c.eligible AND NOT c.opted_out AND c.gone_at IS NULL
ORDER BY o.contact_id;
