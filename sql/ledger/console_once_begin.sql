-- Note that a form came, unless it came before. Parameters: once_hash, session_hash.
INSERT INTO reconciler.console_done (once_hash, session_hash, done_at)
VALUES (:once_hash, :session_hash, reconciler.clock())
ON CONFLICT (once_hash) DO NOTHING RETURNING once_hash;
