-- Note a one-time sign-in address. Parameters: link_hash, grants, made_by, seconds.
INSERT INTO reconciler.console_links (link_hash, grants, made_by, made_at, good_until)
VALUES (:link_hash, CAST(:grants AS jsonb), :made_by, reconciler.clock(), reconciler.clock() + make_interval(secs => :seconds))
RETURNING good_until;
