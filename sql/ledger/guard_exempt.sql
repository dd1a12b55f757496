-- Mark the planned changes that no guard counts: of an approved plan (the same contact and kind of change), or let back in.
-- Parameters: connection_id, run_id.
UPDATE reconciler.plan_changes AS o SET is_exempt = true
WHERE o.run_id = :run_id AND o.kind <> 'skip' AND NOT o.is_exempt
  AND (EXISTS (SELECT FROM reconciler.pairs AS p
               WHERE p.connection_id = :connection_id AND p.contact_id = o.contact_id AND p.rejoin_at IS NOT NULL)
       OR EXISTS (SELECT FROM reconciler.approvals AS a
                  JOIN reconciler.plan_changes AS b ON b.run_id = a.run_id AND b.contact_id = o.contact_id AND b.kind = o.kind
                  WHERE a.connection_id = :connection_id AND a.until > reconciler.clock()));
