-- The connection's lease row, made when it first runs. Without a named conflict target both unique indexes are obeyed:
-- with one, two first runs at once could fail on the other. One that is there is not tried: that would wait for whoever
-- changes it just now, who may stand still. Parameter: connection_id.
INSERT INTO reconciler.leases (connection_id, fence, holder, until)
SELECT :connection_id, 0, 'nobody', '-infinity'
WHERE NOT EXISTS (SELECT FROM reconciler.leases WHERE connection_id = :connection_id)
ON CONFLICT DO NOTHING;
