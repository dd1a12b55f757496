-- Whether the lease is still ours; holds its key until the transaction ends, so that a takeover waits.
-- Renewals pass, because they leave the key alone. Parameters: connection_id, fence.
SELECT fence FROM reconciler.leases WHERE connection_id = :connection_id AND fence = :fence FOR KEY SHARE;
