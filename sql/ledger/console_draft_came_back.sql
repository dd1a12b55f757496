-- The draft of a session whose sign-in has come back with its state, which counts once. Parameters: state_hash,
-- session_hash.
UPDATE reconciler.console_drafts SET state_hash = NULL
WHERE state_hash = :state_hash AND session_hash = :session_hash AND good_until > reconciler.clock()
RETURNING draft_id, connection, workspace, method, sealed, told, good_until;
