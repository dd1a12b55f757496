-- Lock those of these connections that nobody holds. Parameter: row_ids.
SELECT connection_id FROM reconciler.connections WHERE connection_id = ANY(CAST(:row_ids AS bigint[]))
ORDER BY connection_id FOR NO KEY UPDATE SKIP LOCKED;
