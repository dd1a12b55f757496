-- Whether the lease is still ours; holds its key until the transaction ends, so that a takeover waits. By the advisory
-- lock, which keeps nobody out, who holds it is found: of several who lock one row the server tells no names.
-- Renewals pass, because they leave the key alone. What the transaction looks up it, or the one before, has written:
-- that is in memory, and looking up a thousand by an index costs less than reading all, whatever disks are like; and
-- compiling a statement takes longer than the statement. Parameters: connection_id, fence.
SELECT fence, pg_advisory_xact_lock_shared(hashtextextended('sage-reconciler lease', connection_id)) AS is_told,
       set_config('random_page_cost', '1.1', true) AS is_in_memory, set_config('jit', 'off', true) AS is_short
FROM reconciler.leases WHERE connection_id = :connection_id AND fence = :fence FOR KEY SHARE;
