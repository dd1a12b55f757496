-- Whether the lease is still ours; holds its key until the transaction ends, so that a takeover waits. By the advisory
-- lock, which keeps nobody out, who holds it is found: of several who lock one row the server tells no names.
-- Renewals pass, because they leave the key alone. Parameters: connection_id, fence.
SELECT fence, pg_advisory_xact_lock_shared(hashtextextended('sage-reconciler lease', connection_id)) AS is_told
FROM reconciler.leases WHERE connection_id = :connection_id AND fence = :fence FOR KEY SHARE;
