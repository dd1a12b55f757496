-- How fresh each connection is, kept so that nobody has to count its contacts to know; and what people were told of it.
CREATE FUNCTION reconciler.waiting(of_connection bigint) RETURNS TABLE (contacts bigint, since timestamptz)
LANGUAGE sql STABLE AS $$
    SELECT count(*), min(c.changed_at)
    FROM reconciler.contacts AS c
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    WHERE c.connection_id = of_connection AND c.gone_at IS NULL AND c.eligible AND NOT c.opted_out
      AND c.address_hash IS NOT NULL
      AND (p.contact_digest IS DISTINCT FROM c.digest
           OR p.verdict IN ('add', 'update', 'readdress', 'membership_unclear', 'address_taken', 'moved'))
$$;
COMMENT ON FUNCTION reconciler.waiting IS 'Contacts that belong on the list, differ from it, and are not kept off, refused or invalid; and since when the oldest does.';

ALTER TABLE reconciler.connections
    ADD COLUMN waiting bigint NOT NULL DEFAULT 0,
    ADD COLUMN waiting_since timestamptz,
    ADD COLUMN agreed_at timestamptz,
    ADD COLUMN every_seconds double precision;
COMMENT ON COLUMN reconciler.connections.waiting IS 'Contacts that waited to be seen at Constant Contact when the last run or tick ended.';
COMMENT ON COLUMN reconciler.connections.waiting_since IS 'Since when the oldest of them does; NULL: none waited.';
COMMENT ON COLUMN reconciler.connections.agreed_at IS 'The last reading of the CRM after which nothing waited; our clock.';
COMMENT ON COLUMN reconciler.connections.every_seconds IS 'How often the `serve` that last looked after it ticks; NULL: none did.';
-- What was there before counts from the start: the next tick would only note it anew.
UPDATE reconciler.connections AS c SET waiting = w.contacts, waiting_since = w.since
FROM reconciler.connections AS own CROSS JOIN LATERAL reconciler.waiting(own.connection_id) AS w
WHERE own.connection_id = c.connection_id;

CREATE TABLE reconciler.told (
    connection_id bigint PRIMARY KEY REFERENCES reconciler.connections ON DELETE CASCADE,
    state text NOT NULL,
    told_at timestamptz
);
COMMENT ON TABLE reconciler.told IS 'What people were last told of each connection. Its rows are locked while somebody is told, and by nothing else.';
COMMENT ON COLUMN reconciler.told.connection_id IS 'The connection.';
COMMENT ON COLUMN reconciler.told.state IS 'The state that was told last; connected before anything was.';
COMMENT ON COLUMN reconciler.told.told_at IS 'When it was; NULL: never.';
