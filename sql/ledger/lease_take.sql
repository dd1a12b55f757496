-- Take the lease if it is free or lapsed; no row: somebody else has it.
-- Parameters: connection_id, holder, seconds.
INSERT INTO reconciler.leases AS l (connection_id, fence, holder, until)
VALUES (:connection_id, 1, :holder, reconciler.clock() + make_interval(secs => :seconds))
ON CONFLICT (connection_id) DO UPDATE
SET fence = l.fence + 1, holder = EXCLUDED.holder, until = EXCLUDED.until
WHERE l.until < reconciler.clock()
RETURNING fence;
