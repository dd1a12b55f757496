-- What people were last told of these connections; whoever is telling them of one at this moment keeps it.
-- Parameter: connections.
SELECT connection_id, state FROM reconciler.told
WHERE connection_id = ANY (CAST(:connections AS bigint[]))
ORDER BY connection_id FOR UPDATE SKIP LOCKED;
