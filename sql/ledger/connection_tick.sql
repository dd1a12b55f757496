-- Note a tick, and how both sides stand at its end. Parameters: connection_id, quiet.
UPDATE reconciler.connections AS c
SET last_tick_at = reconciler.clock(),
    quiet_ticks = CASE WHEN :quiet THEN c.quiet_ticks + 1 ELSE 0 END,
    quiet_since = CASE WHEN :quiet THEN coalesce(c.quiet_since, reconciler.clock()) END,
    waiting = w.contacts, waiting_since = w.since,
    -- What the CRM has changed since it was last read is not known: they agreed as of that reading.
    agreed_at = CASE WHEN w.contacts = 0
                     THEN coalesce((SELECT m.read_at FROM reconciler.watermarks AS m
                                    WHERE m.connection_id = c.connection_id), c.agreed_at)
                     ELSE c.agreed_at END
FROM reconciler.waiting(:connection_id) AS w
WHERE c.connection_id = :connection_id;
