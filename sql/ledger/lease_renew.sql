-- Renew the lease; no row: it was lost. Parameters: connection_id, fence, seconds.
UPDATE reconciler.leases SET until = reconciler.clock() + make_interval(secs => :seconds)
WHERE connection_id = :connection_id AND fence = :fence
RETURNING fence;
