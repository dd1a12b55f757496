-- Keep what somebody has given for a connection so far. Parameters: draft_id, session_hash, connection, workspace,
-- method, state_hash (or NULL), sealed, told, seconds (how long it is good).
INSERT INTO reconciler.console_drafts (draft_id, session_hash, connection, workspace, method, state_hash, sealed, told,
                                       good_until)
VALUES (:draft_id, :session_hash, :connection, :workspace, :method, CAST(:state_hash AS bytea), CAST(:sealed AS jsonb),
        CAST(:told AS jsonb), reconciler.clock() + make_interval(secs => :seconds));
