-- A connection whose runs fail again and again: since when, why, and when it is tried next.
ALTER TABLE reconciler.connections
    ADD COLUMN failures integer NOT NULL DEFAULT 0,
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN failing_reason text,
    ADD COLUMN failing_message text,
    ADD COLUMN quarantined_at timestamptz,
    ADD COLUMN next_attempt_at timestamptz;
COMMENT ON COLUMN reconciler.connections.failures IS 'How many runs in a row have failed as a whole, or were refused most of what they wrote.';
COMMENT ON COLUMN reconciler.connections.failing_since IS 'Since the first of them; NULL: the last run went well.';
COMMENT ON COLUMN reconciler.connections.failing_reason IS 'Why the last of them did, as a code.';
COMMENT ON COLUMN reconciler.connections.failing_message IS 'The same in words.';
COMMENT ON COLUMN reconciler.connections.quarantined_at IS 'Since when it is tried ever more rarely; NULL: it is not.';
COMMENT ON COLUMN reconciler.connections.next_attempt_at IS 'Not before then; NULL: at the next tick.';
