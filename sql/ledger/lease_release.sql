-- Give the lease back, also where it was fenced off; harmless where it was lost. Parameters: connection_id, fence.
UPDATE reconciler.leases SET until = '-infinity'
WHERE connection_id = :connection_id AND (fence = :fence OR fence = :fence + 1 AND holder = 'fenced off');
