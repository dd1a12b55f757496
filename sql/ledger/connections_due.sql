-- Who is due, and as much of each as its turn needs: not who is paused, in quarantine for longer, or running. One pass
-- over the connections, no contact is looked at. An interval ends up to a tenth early, by the connection's number: those
-- that have once ticked in the same second drift apart.
-- Parameter: every_seconds (for who has no interval of their own; NULL: everybody, due or not).
SELECT c.connection_id, c.name, a.key_fingerprint AS key, c.waiting, c.last_tick_at, c.failures > 0 AS is_failing,
       coalesce(i.seconds, 0) AS interval
FROM reconciler.connections AS c
JOIN reconciler.accounts AS a ON a.account_id = c.account_id
LEFT JOIN reconciler.leases AS l ON l.connection_id = c.connection_id
CROSS JOIN (SELECT reconciler.clock() AS now) AS t
CROSS JOIN LATERAL (
    SELECT reconciler.interval_of(c.settings, CAST(:every_seconds AS double precision)) AS seconds) AS i
WHERE CAST(:every_seconds AS double precision) IS NULL
   OR (c.paused_at IS NULL
       AND (c.quarantined_at IS NULL OR c.next_attempt_at IS NULL OR c.next_attempt_at <= t.now)
       AND (l.until IS NULL OR l.until < t.now)
       AND (c.last_tick_at IS NULL
            OR c.last_tick_at + make_interval(
                   secs => i.seconds * (1 - 0.1 * mod(c.connection_id * 0.6180339887498949, 1))) <= t.now))
ORDER BY c.name;
