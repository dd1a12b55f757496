-- Give the lease back, also where it was fenced off; harmless where it was lost. Told as by lease_check.
-- Parameters: connection_id, fence.
UPDATE reconciler.leases SET until = '-infinity'
WHERE connection_id = :connection_id AND (fence = :fence OR fence = :fence + 1 AND holder = 'fenced off')
RETURNING fence, pg_advisory_xact_lock_shared(hashtextextended('sage-reconciler lease', connection_id)) AS is_told;
