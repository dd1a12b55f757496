-- The connection's lease row, made when it first runs. Without a named conflict target both unique indexes are obeyed:
-- with one, two first runs at once could fail on the other. Parameter: connection_id.
INSERT INTO reconciler.leases (connection_id, fence, holder, until)
VALUES (:connection_id, 0, 'nobody', '-infinity')
ON CONFLICT DO NOTHING;
