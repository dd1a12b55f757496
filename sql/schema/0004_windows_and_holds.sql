-- Where the CRM and the ledger are, which window a connection has and why, why a full comparison is due, and holds that
-- somebody answers or that lift by themselves.

-- Of an earlier version neither port nor row version are known: 0 is no difference, and every version is younger.
UPDATE reconciler.watermarks
SET position = '0', host = coalesce(host, ''), database = coalesce(database, ''),
    system_identifier = coalesce(system_identifier, ''), timeline = coalesce(timeline, 0);
ALTER TABLE reconciler.watermarks ADD COLUMN port integer NOT NULL DEFAULT 0;
ALTER TABLE reconciler.watermarks ALTER COLUMN port DROP DEFAULT;
COMMENT ON COLUMN reconciler.watermarks.port IS 'The CRM''s port, as configured; 0: not known.';
COMMENT ON COLUMN reconciler.watermarks.position IS 'The snapshot''s oldest running transaction, as a decimal xid8, whatever the mode.';

ALTER TABLE reconciler.connections
    ADD COLUMN window_mode text NOT NULL DEFAULT 'whole' CHECK (window_mode IN ('whole', 'overlap', 'xmin')),
    ADD COLUMN window_reason text NOT NULL DEFAULT '',
    ADD COLUMN home jsonb,
    ADD COLUMN sweep_reason text,
    ADD COLUMN paused_reason text,
    ADD COLUMN paused_message text,
    ADD COLUMN held_run_id bigint;
UPDATE reconciler.connections SET window_mode = 'overlap' WHERE columns ? 'changed_at';
UPDATE reconciler.connections SET window_reason = 'chosen by an earlier version; `reconciler set NAME window=auto` looks again';
COMMENT ON COLUMN reconciler.connections.window_mode IS 'How changes are found: xmin, whole or overlap.';
COMMENT ON COLUMN reconciler.connections.window_reason IS 'Why it is this one, in words.';
COMMENT ON COLUMN reconciler.connections.home IS 'Where the ledger was when somebody last said that it is the real one; NULL: of an earlier version.';
COMMENT ON COLUMN reconciler.connections.sweep_reason IS 'Why the next comparison is a full one, where nothing else asks for it: mapping_changed, source_changed or gap.';
COMMENT ON COLUMN reconciler.connections.paused_reason IS 'The code of what paused it; NULL: somebody did, or nothing.';
COMMENT ON COLUMN reconciler.connections.paused_message IS 'What paused it and what to do, in a sentence.';
COMMENT ON COLUMN reconciler.connections.held_run_id IS 'The run that began the hold: `approve` and `decline` name it.';

ALTER TABLE reconciler.contacts ADD COLUMN is_unsure boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reconciler.contacts.is_unsure IS 'Missing from a reading of some contacts only: the next run asks for it once more before it is taken for gone for good.';
-- These are few among many, and every run looks for them.
CREATE INDEX contacts_unsure ON reconciler.contacts (connection_id) WHERE is_unsure;

CREATE TABLE reconciler.holds (
    hold_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    run_id bigint NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    counts jsonb NOT NULL DEFAULT '{}',
    held_at timestamptz NOT NULL,
    lifted_at timestamptz,
    answer text CHECK (answer IN ('approved', 'declined')),
    answered_at timestamptz,
    answered_by text,
    answered_counts jsonb,
    approved_until timestamptz
);
-- A connection is held for one reason at a time: the database itself says so.
CREATE UNIQUE INDEX holds_open ON reconciler.holds (connection_id) WHERE lifted_at IS NULL;
COMMENT ON TABLE reconciler.holds IS 'Each time something was held instead of done: why, and who said what about it.';
COMMENT ON COLUMN reconciler.holds.hold_id IS 'The hold''s number.';
COMMENT ON COLUMN reconciler.holds.connection_id IS 'Whose it is.';
COMMENT ON COLUMN reconciler.holds.run_id IS 'The run that began it.';
COMMENT ON COLUMN reconciler.holds.reason IS 'Why, as a code.';
COMMENT ON COLUMN reconciler.holds.message IS 'Why, in words, as last seen.';
COMMENT ON COLUMN reconciler.holds.counts IS 'The numbers behind it, as last seen.';
COMMENT ON COLUMN reconciler.holds.held_at IS 'Since when; our clock.';
COMMENT ON COLUMN reconciler.holds.lifted_at IS 'Since when no more; NULL: it stands.';
COMMENT ON COLUMN reconciler.holds.answer IS 'approved or declined; NULL: nobody has answered.';
COMMENT ON COLUMN reconciler.holds.answered_at IS 'When.';
COMMENT ON COLUMN reconciler.holds.answered_by IS 'Who.';
COMMENT ON COLUMN reconciler.holds.answered_counts IS 'The numbers that were answered: what an approval covers.';
COMMENT ON COLUMN reconciler.holds.approved_until IS 'Until when the approval counts.';

CREATE FUNCTION reconciler.stands(of_connection bigint)
RETURNS TABLE (contact_id text, member_id uuid, is_in_crm boolean, place text) LANGUAGE sql STABLE AS $$
    SELECT c.contact_id, m.member_id, c.gone_at IS NULL AS is_in_crm,
           CASE
               WHEN p.verdict IS NULL THEN 'waiting'
               WHEN p.verdict IN ('unchanged', 'add', 'update', 'readdress', 'rejected', 'needs_single_write', 'too_many_lists',
                                  'membership_unclear', 'address_taken', 'moved')
                   AND m.on_list AND m.absent_at IS NULL AND m.status IN ('explicit', 'implicit')
                   AND row_number() OVER (PARTITION BY m.member_id ORDER BY p.verdict <> 'unchanged', c.contact_id) = 1
                   THEN 'on_list'
               WHEN p.verdict IN ('unchanged', 'add', 'update', 'readdress', 'membership_unclear', 'address_taken', 'moved')
                   THEN 'waiting'
               WHEN p.verdict IN ('needs_single_write', 'too_many_lists') THEN 'rejected'
               ELSE p.verdict END AS place
    FROM reconciler.contacts AS c
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    -- Who was just sent has no link yet: their member is the one with their address.
    LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                       WHERE p.member_id IS NULL AND p.verdict = 'add'
                         AND a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                       ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS n ON true
    LEFT JOIN reconciler.members AS m
           ON m.connection_id = c.connection_id AND m.member_id = coalesce(p.member_id, n.member_id)
    WHERE c.connection_id = of_connection
$$;
COMMENT ON FUNCTION reconciler.stands IS 'Every contact of a connection, with its member and the one place where it stands: on_list, waiting, or the reason why not.';

CREATE FUNCTION reconciler.list_stands(of_connection bigint)
RETURNS TABLE (member_id uuid, address_hash bytea, address text, place text) LANGUAGE sql STABLE AS $$
    WITH stands AS MATERIALIZED (SELECT * FROM reconciler.stands(of_connection))
    SELECT m.member_id, m.address_hash, m.address, CASE
        WHEN EXISTS (SELECT FROM stands AS s WHERE s.member_id = m.member_id AND s.place = 'on_list' AND s.is_in_crm)
            THEN 'from_crm'
        WHEN m.linked_at IS NOT NULL
            OR EXISTS (SELECT FROM stands AS s WHERE s.member_id = m.member_id)
            OR EXISTS (SELECT FROM reconciler.contacts AS c
                       WHERE c.connection_id = m.connection_id AND c.address_hash = m.address_hash) THEN 'still_on_list'
        ELSE 'others' END
    FROM reconciler.members AS m
    WHERE m.connection_id = of_connection AND m.on_list AND m.absent_at IS NULL AND m.status IN ('explicit', 'implicit')
$$;
COMMENT ON FUNCTION reconciler.list_stands IS 'Every mailable member on the list of a connection, with the one place where it stands: from_crm, still_on_list or others.';
