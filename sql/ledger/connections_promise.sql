-- Note how often these connections are looked after; writes only what differs. Parameters: every_seconds, names.
UPDATE reconciler.connections SET every_seconds = :every_seconds
WHERE every_seconds IS DISTINCT FROM :every_seconds AND name = ANY (CAST(:names AS text[]));
