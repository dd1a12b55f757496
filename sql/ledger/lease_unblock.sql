-- End the transactions that keep a lease from being taken whose time is over, where they only wait for their process:
-- that stands still, or its network does, and what it would write is another's by now. One alone is found by the row
-- itself, also of an earlier version; of several the row does not tell, and their advisory locks do.
-- Parameter: connection_id.
SELECT count(*) AS ended FROM (
    SELECT pg_terminate_backend(a.pid) AS yes
    FROM reconciler.leases AS s
    JOIN pg_stat_activity AS a ON a.datname = current_database()
    WHERE s.connection_id = :connection_id AND s.until < reconciler.clock() AND a.pid <> pg_backend_pid()
      AND a.wait_event_type = 'Client' AND a.state_change < clock_timestamp() - interval '3 seconds'
      AND EXISTS (
        SELECT FROM pg_locks AS l
        WHERE l.pid = a.pid AND l.granted AND (
            l.locktype = 'transactionid' AND CAST(l.transactionid AS text) = CAST(s.xmax AS text)
            OR l.locktype = 'advisory' AND l.objsubid = 1
               AND CAST(l.classid AS bigint) << 32 | CAST(l.objid AS bigint)
                   = hashtextextended('sage-reconciler lease', s.connection_id)
        )
      )
) AS blocking WHERE yes;
