-- The connection's lease row, made when it first runs. Without a named conflict target both unique indexes are obeyed:
-- with one, two first runs at once could fail on the other. One that is there is not tried: that would wait for whoever
-- changes it just now, who may stand still. Who makes it and stops then, or whose host is gone, keeps it for a while only.
-- Parameters: connection_id, hold_seconds.
INSERT INTO reconciler.leases (connection_id, fence, holder, until)
SELECT :connection_id, 0, 'nobody', '-infinity'
WHERE NOT EXISTS (SELECT FROM reconciler.leases WHERE connection_id = :connection_id)
ON CONFLICT DO NOTHING
RETURNING set_config('idle_in_transaction_session_timeout',
                     CAST(CAST(1000 * CAST(:hold_seconds AS double precision) AS integer) AS text), true) AS hold;
