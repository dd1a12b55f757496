-- Move the watermark, in the transaction that writes what it covers.
-- Parameters: connection_id, mode, until, overlap_seconds, host, database, system_identifier, timeline.
INSERT INTO reconciler.watermarks (connection_id, mode, until, overlap_seconds, host, database, system_identifier,
                                   timeline, read_at)
VALUES (:connection_id, :mode, :until, :overlap_seconds, :host, :database, :system_identifier, :timeline,
        reconciler.clock())
ON CONFLICT (connection_id) DO UPDATE
SET mode = EXCLUDED.mode, until = EXCLUDED.until, overlap_seconds = EXCLUDED.overlap_seconds, host = EXCLUDED.host,
    database = EXCLUDED.database, system_identifier = EXCLUDED.system_identifier, timeline = EXCLUDED.timeline,
    read_at = EXCLUDED.read_at;
