-- Take the lease if it is free or lapsed; no row: somebody else has it, or a transaction of who had it is still open,
-- which is not waited for. Parameters: connection_id, holder, seconds.
UPDATE reconciler.leases
SET fence = fence + 1, holder = :holder, until = reconciler.clock() + make_interval(secs => :seconds)
WHERE connection_id = (
    SELECT connection_id FROM reconciler.leases
    WHERE connection_id = :connection_id AND until < reconciler.clock()
    FOR UPDATE SKIP LOCKED
)
RETURNING fence;
