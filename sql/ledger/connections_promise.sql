-- Note how often each connection is looked after; writes only what differs.
-- Parameter: every_seconds (for who has no interval of their own).
UPDATE reconciler.connections SET every_seconds = reconciler.interval_of(settings, CAST(:every_seconds AS double precision))
WHERE every_seconds IS DISTINCT FROM reconciler.interval_of(settings, CAST(:every_seconds AS double precision));
