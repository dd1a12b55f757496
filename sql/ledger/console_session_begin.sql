-- Begin a session. Parameters: session_hash, subject, method, grants, authenticated_at.
INSERT INTO reconciler.console_sessions (session_hash, subject, method, grants, authenticated_at, made_at, seen_at)
VALUES (:session_hash, :subject, :method, CAST(:grants AS jsonb), :authenticated_at, reconciler.clock(), reconciler.clock());
