-- Many connections: how often each has its turn, and what the daily sweeps of one API key's connections cost together.

CREATE FUNCTION reconciler.interval_of(settings jsonb, every_seconds double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(nullif(CAST(settings ->> 'interval_seconds' AS double precision), 0), every_seconds)
$$;
COMMENT ON FUNCTION reconciler.interval_of IS 'How often a connection is to have a tick, in seconds: its own interval, or that of whoever looks after it where it has none.';

ALTER TABLE reconciler.connections ADD COLUMN sweep_calls integer;
COMMENT ON COLUMN reconciler.connections.sweep_calls IS 'Calls of the run that last compared both sides in full; NULL: not known.';

ALTER TABLE reconciler.api_budgets ADD COLUMN sweep_stretch integer NOT NULL DEFAULT 1 CHECK (sweep_stretch > 0);
COMMENT ON COLUMN reconciler.api_budgets.sweep_stretch IS 'Each connection of the key sweeps only in one of so many of its periods: else their sweeps would take more than half of the key''s day.';

-- A key's connections are asked for at the end of each sweep.
CREATE INDEX accounts_by_key ON reconciler.accounts (key_fingerprint);
CREATE INDEX connections_by_account ON reconciler.connections (account_id);
