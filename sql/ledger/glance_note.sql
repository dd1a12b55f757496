-- Note a tick that found nothing, and move the watermark to what it has seen; no row: somebody has moved it since it was
-- read, or has the lease, and then what was seen may be old.
-- Parameters: connection_id, read_at (when the watermark was moved that the tick went on from), mode, until, position,
-- overlap_seconds, has_looked (whether the tables' structure was looked at).
WITH moved AS (
    UPDATE reconciler.watermarks AS w
    SET mode = :mode, until = :until, position = :position, overlap_seconds = :overlap_seconds,
        read_at = reconciler.clock(),
        structure_at = CASE WHEN :has_looked THEN reconciler.clock() ELSE w.structure_at END
    WHERE w.connection_id = :connection_id AND w.read_at = :read_at
      AND NOT EXISTS (SELECT FROM reconciler.leases AS s
                      WHERE s.connection_id = w.connection_id AND s.until > reconciler.clock())
    RETURNING w.connection_id, w.read_at
)
UPDATE reconciler.connections AS c
SET last_tick_at = m.read_at, quiet_ticks = c.quiet_ticks + 1, quiet_since = coalesce(c.quiet_since, m.read_at),
    -- As many wait as before, because nothing has changed.
    agreed_at = CASE WHEN c.waiting = 0 THEN m.read_at ELSE c.agreed_at END
FROM moved AS m WHERE c.connection_id = m.connection_id
RETURNING c.connection_id;
