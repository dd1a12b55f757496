-- Fence off the run that has the lease; no row: none has. Until it stops, or its time is over, nobody else gets the lease.
-- Parameter: connection_id.
UPDATE reconciler.leases SET fence = fence + 1, holder = 'fenced off'
WHERE connection_id = :connection_id AND until > reconciler.clock() AND holder <> 'fenced off'
RETURNING fence;
