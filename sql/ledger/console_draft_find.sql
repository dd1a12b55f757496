-- A draft of a session, while it is good. Parameters: draft_id, session_hash.
SELECT draft_id, connection, workspace, method, sealed, told, good_until FROM reconciler.console_drafts
WHERE draft_id = :draft_id AND session_hash = :session_hash AND good_until > reconciler.clock();
