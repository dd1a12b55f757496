-- A session that is not over. Parameters: session_hash, idle, absolute.
SELECT subject, method, grants, authenticated_at, seen_at FROM reconciler.console_sessions
WHERE session_hash = :session_hash AND ended_at IS NULL
  AND seen_at > reconciler.clock() - make_interval(secs => :idle)
  AND made_at > reconciler.clock() - make_interval(secs => :absolute);
