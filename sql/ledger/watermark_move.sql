-- Move the watermark, in the transaction that writes what it covers.
-- Parameters: connection_id, mode, until, position, overlap_seconds, host, port, database, system_identifier, timeline,
-- structure (NULL: it was not looked at), types.
INSERT INTO reconciler.watermarks (connection_id, mode, until, position, overlap_seconds, host, port, database,
                                   system_identifier, timeline, structure, types, structure_at, read_at)
VALUES (:connection_id, :mode, :until, :position, :overlap_seconds, :host, :port, :database, :system_identifier,
        :timeline, coalesce(CAST(:structure AS text), ''), CAST(:types AS jsonb),
        CASE WHEN CAST(:structure AS text) IS NOT NULL THEN reconciler.clock() END, reconciler.clock())
ON CONFLICT (connection_id) DO UPDATE
SET mode = EXCLUDED.mode, until = EXCLUDED.until, position = EXCLUDED.position,
    overlap_seconds = EXCLUDED.overlap_seconds, host = EXCLUDED.host, port = EXCLUDED.port,
    database = EXCLUDED.database, read_at = EXCLUDED.read_at, types = EXCLUDED.types,
    structure = coalesce(CAST(:structure AS text), watermarks.structure),
    structure_at = coalesce(EXCLUDED.structure_at, watermarks.structure_at),
    -- What a user may not ask for stays as it is known.
    system_identifier = coalesce(nullif(EXCLUDED.system_identifier, ''), watermarks.system_identifier),
    timeline = coalesce(nullif(EXCLUDED.timeline, 0), watermarks.timeline);
