-- Move the watermark, in the transaction that writes what it covers.
-- Parameters: connection_id, mode, until, position, overlap_seconds, host, port, database, system_identifier, timeline.
INSERT INTO reconciler.watermarks (connection_id, mode, until, position, overlap_seconds, host, port, database,
                                   system_identifier, timeline, read_at)
VALUES (:connection_id, :mode, :until, :position, :overlap_seconds, :host, :port, :database, :system_identifier,
        :timeline, reconciler.clock())
ON CONFLICT (connection_id) DO UPDATE
SET mode = EXCLUDED.mode, until = EXCLUDED.until, position = EXCLUDED.position,
    overlap_seconds = EXCLUDED.overlap_seconds, host = EXCLUDED.host, port = EXCLUDED.port,
    database = EXCLUDED.database, system_identifier = EXCLUDED.system_identifier, timeline = EXCLUDED.timeline,
    read_at = EXCLUDED.read_at;
