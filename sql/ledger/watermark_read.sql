-- The watermark of a connection. Parameter: connection_id.
SELECT until, position, host, port, database, system_identifier, timeline, read_at, structure, types,
       structure_at
FROM reconciler.watermarks WHERE connection_id = :connection_id;
