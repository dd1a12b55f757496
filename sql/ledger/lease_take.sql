-- Take the lease if it is free or lapsed; no row: somebody else has it. Parameters: connection_id, holder, seconds.
UPDATE reconciler.leases
SET fence = fence + 1, holder = :holder, until = reconciler.clock() + make_interval(secs => :seconds)
WHERE connection_id = :connection_id AND until < reconciler.clock()
RETURNING fence;
