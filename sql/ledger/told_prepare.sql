-- A row for each of these connections: before anything was told, it counts as connected. Parameter: connections.
INSERT INTO reconciler.told (connection_id, state)
SELECT c.connection_id, 'connected' FROM reconciler.connections AS c
WHERE c.connection_id = ANY (CAST(:connections AS bigint[]))
ON CONFLICT (connection_id) DO NOTHING;
