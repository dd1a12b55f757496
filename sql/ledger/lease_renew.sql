-- Renew the lease; no row: it was lost. Told as by lease_check. Parameters: connection_id, fence, seconds.
UPDATE reconciler.leases SET until = reconciler.clock() + make_interval(secs => :seconds)
WHERE connection_id = :connection_id AND fence = :fence
RETURNING fence, pg_advisory_xact_lock_shared(hashtextextended('sage-reconciler lease', connection_id)) AS is_told;
