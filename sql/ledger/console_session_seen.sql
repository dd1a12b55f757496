-- Note that a session is used, and when its person last proved who they are. Parameters: session_hash, authenticated_at.
UPDATE reconciler.console_sessions SET seen_at = reconciler.clock(), authenticated_at = :authenticated_at
WHERE session_hash = :session_hash;
