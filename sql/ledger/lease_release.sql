-- Give the lease back; harmless where it was lost. Parameters: connection_id, fence.
UPDATE reconciler.leases SET until = '-infinity' WHERE connection_id = :connection_id AND fence = :fence;
