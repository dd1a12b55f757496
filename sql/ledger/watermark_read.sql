-- The watermark of a connection. Parameter: connection_id.
SELECT mode, until FROM reconciler.watermarks WHERE connection_id = :connection_id;
