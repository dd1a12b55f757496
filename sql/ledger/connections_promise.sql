-- Note how often each connection is looked after; writes only what differs. One that somebody is changing just now is left
-- for the next time: who stands still while doing so would keep all the others waiting.
-- Parameter: every_seconds (for who has no interval of their own).
UPDATE reconciler.connections AS c SET every_seconds = d.seconds
FROM (
    SELECT connection_id, i.seconds
    FROM reconciler.connections
    CROSS JOIN LATERAL (
        SELECT reconciler.interval_of(settings, CAST(:every_seconds AS double precision)) AS seconds) AS i
    WHERE every_seconds IS DISTINCT FROM i.seconds
    FOR NO KEY UPDATE OF connections SKIP LOCKED
) AS d
WHERE c.connection_id = d.connection_id;
