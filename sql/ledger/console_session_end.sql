-- End a session. Parameter: session_hash.
UPDATE reconciler.console_sessions SET ended_at = reconciler.clock() WHERE session_hash = :session_hash AND ended_at IS NULL;
