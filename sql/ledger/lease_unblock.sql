-- End the transaction that keeps a lease from being taken whose time is over, where it only waits for its process: that
-- stands still, or its network does, and what it would write is another's by now. Parameter: connection_id.
SELECT count(*) AS ended FROM (
    SELECT pg_terminate_backend(a.pid) AS yes
    FROM reconciler.leases AS s
    JOIN pg_locks AS l ON l.locktype = 'transactionid' AND l.granted AND CAST(l.transactionid AS text) = CAST(s.xmax AS text)
    JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE s.connection_id = :connection_id AND s.until < reconciler.clock() AND a.pid <> pg_backend_pid()
      AND a.wait_event_type = 'Client' AND a.state_change < clock_timestamp() - interval '3 seconds'
) AS blocking WHERE yes;
