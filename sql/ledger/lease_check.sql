-- Whether the lease is still ours; holds its key until the transaction ends, so that a takeover waits. By the advisory
-- lock, which keeps nobody out, who holds it is found: of several who lock one row the server tells no names.
-- Renewals pass, because they leave the key alone. A run looks up thousands by key, of many: the planner's own figures take
-- each for a seek of a disk that turns, and read all of them in place of it. And to compile a statement takes longer than
-- most statements. Both for this transaction only. Parameters: connection_id, fence.
SELECT fence, pg_advisory_xact_lock_shared(hashtextextended('sage-reconciler lease', connection_id)) AS is_told,
       set_config('random_page_cost', '1.1', true) AS page_cost, set_config('jit', 'off', true) AS jit
FROM reconciler.leases WHERE connection_id = :connection_id AND fence = :fence FOR KEY SHARE;
