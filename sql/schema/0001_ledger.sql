-- The ledger: everything the reconciler remembers, in a schema of its own. The CRM's tables are never touched.

CREATE SCHEMA IF NOT EXISTS reconciler;
COMMENT ON SCHEMA reconciler IS 'What the reconciler remembers of each connection between a CRM and a Constant Contact list.';

CREATE TABLE reconciler.clock_offset (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ahead interval NOT NULL
);
COMMENT ON TABLE reconciler.clock_offset IS 'Empty in production: tests and the demo set the ledger''s clock ahead with it.';
COMMENT ON COLUMN reconciler.clock_offset.only_row IS 'There is one row at most.';
COMMENT ON COLUMN reconciler.clock_offset.ahead IS 'How far the ledger''s clock is ahead of the server''s.';

CREATE FUNCTION reconciler.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT clock_timestamp() + coalesce((SELECT ahead FROM reconciler.clock_offset), interval '0')
$$;
COMMENT ON FUNCTION reconciler.clock() IS 'The one clock that decides: the database server''s.';

CREATE FUNCTION reconciler.digest(VARIADIC parts text[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(CAST(to_jsonb(parts) AS text), 'UTF8'))
$$;
COMMENT ON FUNCTION reconciler.digest IS 'What a row of a mirror holds, in 32 bytes: another digest is decided anew.';

CREATE TABLE reconciler.accounts (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    encoded_account_id text NOT NULL UNIQUE,
    organization text NOT NULL,
    api_key_sealed text,
    access_token_sealed text,
    refresh_token_sealed text,
    client_secret_sealed text,
    key_fingerprint bytea NOT NULL,
    token_stored_at timestamptz,
    pace_per_second numeric CHECK (pace_per_second > 0),
    pace_per_day integer CHECK (pace_per_day > 0)
);
COMMENT ON TABLE reconciler.accounts IS 'Constant Contact accounts with their sealed credentials; several connections may share one.';
COMMENT ON COLUMN reconciler.accounts.account_id IS 'Our number of the account.';
COMMENT ON COLUMN reconciler.accounts.encoded_account_id IS 'Constant Contact''s own id of the account.';
COMMENT ON COLUMN reconciler.accounts.organization IS 'The organisation''s name, as the account shows it.';
COMMENT ON COLUMN reconciler.accounts.api_key_sealed IS 'The API key, sealed and bound to this row and column.';
COMMENT ON COLUMN reconciler.accounts.access_token_sealed IS 'The OAuth access token, sealed; NULL after the last connection was disconnected.';
COMMENT ON COLUMN reconciler.accounts.refresh_token_sealed IS 'The OAuth refresh token, sealed, where there is one.';
COMMENT ON COLUMN reconciler.accounts.client_secret_sealed IS 'The client secret, sealed, for confidential clients.';
COMMENT ON COLUMN reconciler.accounts.key_fingerprint IS 'Keyed hash of the API key: what a budget belongs to.';
COMMENT ON COLUMN reconciler.accounts.token_stored_at IS 'When the token was given to us.';
COMMENT ON COLUMN reconciler.accounts.pace_per_second IS 'Requests a second, where they differ from the setting.';
COMMENT ON COLUMN reconciler.accounts.pace_per_day IS 'Requests a UTC day, where they differ from the setting.';

CREATE TABLE reconciler.connections (
    connection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES reconciler.accounts,
    list_id uuid NOT NULL,
    list_name text NOT NULL,
    workspace text NOT NULL,
    statement text NOT NULL,
    columns jsonb NOT NULL,
    custom_fields jsonb NOT NULL DEFAULT '{}',
    mapping_digest text NOT NULL,
    crm_url_sealed text,
    settings jsonb NOT NULL DEFAULT '{}',
    consent_basis text,
    observe boolean NOT NULL DEFAULT false,
    connected_at timestamptz NOT NULL,
    started_at timestamptz,
    paused_at timestamptz,
    disconnected_at timestamptz,
    disconnected_reason text,
    held_at timestamptz,
    held_reason text,
    held_message text,
    pull_since timestamptz,
    pulled_whole_at timestamptz,
    swept_at timestamptz,
    quiet_ticks bigint NOT NULL DEFAULT 0,
    quiet_since timestamptz,
    last_tick_at timestamptz
);
COMMENT ON TABLE reconciler.connections IS 'One CRM statement and one list of an account: the unit of schedule, lease, watermark and report.';
COMMENT ON COLUMN reconciler.connections.connection_id IS 'Our number of the connection.';
COMMENT ON COLUMN reconciler.connections.name IS 'The name people chose; commands use it.';
COMMENT ON COLUMN reconciler.connections.account_id IS 'The account whose list it is.';
COMMENT ON COLUMN reconciler.connections.list_id IS 'Constant Contact''s id of the list.';
COMMENT ON COLUMN reconciler.connections.list_name IS 'The list''s name when it was connected.';
COMMENT ON COLUMN reconciler.connections.workspace IS 'What the statement''s parameter workspace is bound to.';
COMMENT ON COLUMN reconciler.connections.statement IS 'The CRM statement, as it was given.';
COMMENT ON COLUMN reconciler.connections.columns IS 'The statement''s columns and their types when it was connected.';
COMMENT ON COLUMN reconciler.connections.custom_fields IS 'The account''s custom fields that are mapped: name to id.';
COMMENT ON COLUMN reconciler.connections.mapping_digest IS 'Fingerprint of statement and columns: another one asks for a full comparison.';
COMMENT ON COLUMN reconciler.connections.crm_url_sealed IS 'The CRM''s address, sealed, where it is not the one of the settings.';
COMMENT ON COLUMN reconciler.connections.settings IS 'The times and limits that differ from their defaults.';
COMMENT ON COLUMN reconciler.connections.consent_basis IS 'Why these people may be written to, in the words of who connected.';
COMMENT ON COLUMN reconciler.connections.observe IS 'Everything but the push.';
COMMENT ON COLUMN reconciler.connections.connected_at IS 'When it was first connected.';
COMMENT ON COLUMN reconciler.connections.started_at IS 'Since when runs push; NULL: not started.';
COMMENT ON COLUMN reconciler.connections.paused_at IS 'Since when it is paused; NULL: it is not.';
COMMENT ON COLUMN reconciler.connections.disconnected_at IS 'Since when there is no token that works; NULL: connected.';
COMMENT ON COLUMN reconciler.connections.disconnected_reason IS 'Why, in a sentence.';
COMMENT ON COLUMN reconciler.connections.held_at IS 'Since when it is held; NULL: it is not.';
COMMENT ON COLUMN reconciler.connections.held_reason IS 'The code of what holds it.';
COMMENT ON COLUMN reconciler.connections.held_message IS 'What holds it and what to do, in a sentence.';
COMMENT ON COLUMN reconciler.connections.pull_since IS 'What changed at Constant Contact since this time has yet to be pulled; their clock.';
COMMENT ON COLUMN reconciler.connections.pulled_whole_at IS 'When the whole account was last pulled; our clock.';
COMMENT ON COLUMN reconciler.connections.swept_at IS 'When both sides were last compared in full; our clock.';
COMMENT ON COLUMN reconciler.connections.quiet_ticks IS 'Ticks with nothing to do since the last run.';
COMMENT ON COLUMN reconciler.connections.quiet_since IS 'The first of them.';
COMMENT ON COLUMN reconciler.connections.last_tick_at IS 'The last of them.';

CREATE TABLE reconciler.watermarks (
    connection_id bigint PRIMARY KEY REFERENCES reconciler.connections ON DELETE CASCADE,
    mode text NOT NULL CHECK (mode IN ('whole', 'overlap', 'xmin')),
    until timestamptz NOT NULL,
    position text,
    overlap_seconds double precision NOT NULL DEFAULT 0,
    host text,
    database text,
    system_identifier text,
    timeline integer,
    read_at timestamptz NOT NULL
);
COMMENT ON TABLE reconciler.watermarks IS 'How far into the CRM''s changes everything has been copied into the ledger.';
COMMENT ON COLUMN reconciler.watermarks.connection_id IS 'Whose watermark it is.';
COMMENT ON COLUMN reconciler.watermarks.mode IS 'The window of the extraction that set it.';
COMMENT ON COLUMN reconciler.watermarks.until IS 'The CRM''s clock when that extraction took its snapshot.';
COMMENT ON COLUMN reconciler.watermarks.position IS 'The snapshot''s oldest running transaction, where row versions are read.';
COMMENT ON COLUMN reconciler.watermarks.overlap_seconds IS 'How far before the watermark the extraction began.';
COMMENT ON COLUMN reconciler.watermarks.host IS 'The CRM''s host, as configured.';
COMMENT ON COLUMN reconciler.watermarks.database IS 'The CRM''s database, as configured.';
COMMENT ON COLUMN reconciler.watermarks.system_identifier IS 'Which PostgreSQL cluster it was.';
COMMENT ON COLUMN reconciler.watermarks.timeline IS 'Which timeline of it.';
COMMENT ON COLUMN reconciler.watermarks.read_at IS 'When it was set; our clock.';

CREATE TABLE reconciler.contacts (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    contact_id text COLLATE "C" NOT NULL,
    address text NOT NULL DEFAULT '',
    address_hash bytea,
    fault text NOT NULL DEFAULT '',
    eligible boolean NOT NULL,
    opted_out boolean NOT NULL,
    fields jsonb NOT NULL,
    refused jsonb NOT NULL DEFAULT '{}',
    changed_at timestamptz NOT NULL,
    gone_at timestamptz,
    digest bytea NOT NULL GENERATED ALWAYS AS (reconciler.digest(
        address, fault, eligible::text, opted_out::text, fields::text, refused::text, (gone_at IS NOT NULL)::text)) STORED,
    address_group bytea NOT NULL GENERATED ALWAYS AS (coalesce(address_hash, reconciler.digest(contact_id))) STORED,
    PRIMARY KEY (connection_id, contact_id)
);
-- Members find their contact by it.
CREATE INDEX contacts_by_address ON reconciler.contacts (connection_id, address_hash);
-- Candidates come in slices of it.
CREATE INDEX contacts_by_group ON reconciler.contacts (connection_id, address_group);
COMMENT ON TABLE reconciler.contacts IS 'The mirror of the CRM: what is wanted.';
COMMENT ON COLUMN reconciler.contacts.connection_id IS 'Whose contact it is.';
COMMENT ON COLUMN reconciler.contacts.contact_id IS 'The CRM''s id of the contact.';
COMMENT ON COLUMN reconciler.contacts.address IS 'The e-mail address, trimmed; empty where there is none.';
COMMENT ON COLUMN reconciler.contacts.address_hash IS 'Keyed hash of the folded address; NULL where there is none that can be used.';
COMMENT ON COLUMN reconciler.contacts.fault IS 'Why the address can''t be used; empty where it can.';
COMMENT ON COLUMN reconciler.contacts.eligible IS 'The CRM says that this contact belongs on the list.';
COMMENT ON COLUMN reconciler.contacts.opted_out IS 'The CRM says that this contact must not be mailed.';
COMMENT ON COLUMN reconciler.contacts.fields IS 'The filled fields, tidied.';
COMMENT ON COLUMN reconciler.contacts.refused IS 'Fields left out, with the reason.';
COMMENT ON COLUMN reconciler.contacts.address_group IS 'Contacts of one address are decided together; who has none is alone.';
COMMENT ON COLUMN reconciler.contacts.digest IS 'Digest of what the diff looks at: a pair is decided anew when it changes.';
COMMENT ON COLUMN reconciler.contacts.changed_at IS 'When the mirror last changed; our clock.';
COMMENT ON COLUMN reconciler.contacts.gone_at IS 'Since when the statement no longer returns the contact; NULL: it does.';

CREATE TABLE reconciler.members (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    member_id uuid NOT NULL,
    address_hash bytea,
    status text NOT NULL,
    on_list boolean NOT NULL,
    address text,
    fields jsonb,
    updated_at timestamptz,
    opted_out_at timestamptz,
    deleted_at timestamptz,
    read_at timestamptz NOT NULL,
    seen_on_list_at timestamptz,
    left_at timestamptz,
    absent_at timestamptz,
    absent_by text,
    pushed_at timestamptz,
    digest bytea NOT NULL GENERATED ALWAYS AS (reconciler.digest(
        status, on_list::text, (left_at IS NOT NULL)::text, (absent_at IS NOT NULL)::text, encode(address_hash, 'hex'),
        fields::text)) STORED,
    PRIMARY KEY (connection_id, member_id)
);
-- Contacts find their member by it.
CREATE INDEX members_by_address ON reconciler.members (connection_id, address_hash);
COMMENT ON TABLE reconciler.members IS 'The mirror of Constant Contact: what is present, on the list or off it.';
COMMENT ON COLUMN reconciler.members.connection_id IS 'Whose member it is.';
COMMENT ON COLUMN reconciler.members.member_id IS 'Constant Contact''s contact_id.';
COMMENT ON COLUMN reconciler.members.address_hash IS 'Keyed hash of the folded address; NULL for contacts without one.';
COMMENT ON COLUMN reconciler.members.status IS 'permission_to_send as last seen, or deleted.';
COMMENT ON COLUMN reconciler.members.on_list IS 'Whether it was on the list when last seen.';
COMMENT ON COLUMN reconciler.members.address IS 'The address as shown; NULL for people whom the CRM does not have.';
COMMENT ON COLUMN reconciler.members.fields IS 'The mapped fields that are filled; NULL for people whom the CRM does not have.';
COMMENT ON COLUMN reconciler.members.digest IS 'Digest of what the diff looks at: a pair is decided anew when it changes.';
COMMENT ON COLUMN reconciler.members.updated_at IS 'Constant Contact''s updated_at.';
COMMENT ON COLUMN reconciler.members.opted_out_at IS 'When they unsubscribed, by Constant Contact''s clock.';
COMMENT ON COLUMN reconciler.members.deleted_at IS 'When the list''s owner deleted them, by Constant Contact''s clock.';
COMMENT ON COLUMN reconciler.members.read_at IS 'When this was read; an older reading never overwrites a newer one.';
COMMENT ON COLUMN reconciler.members.seen_on_list_at IS 'When they were last seen on the list; NULL: never since connecting.';
COMMENT ON COLUMN reconciler.members.left_at IS 'When it was found that they had left the list; NULL: they have not.';
COMMENT ON COLUMN reconciler.members.absent_at IS 'When a reading missed them first; one reading alone is no proof.';
COMMENT ON COLUMN reconciler.members.absent_by IS 'Which kind of reading that was: pages, export, or id.';
COMMENT ON COLUMN reconciler.members.pushed_at IS 'When we last wrote them: for a while after, absence proves nothing.';

CREATE TABLE reconciler.earlier_members (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    list_id uuid NOT NULL,
    member_id uuid NOT NULL,
    PRIMARY KEY (connection_id, list_id, member_id)
);
COMMENT ON TABLE reconciler.earlier_members IS 'Who was seen on a list that the connection had before: who is gone when it comes back to it has left it.';
COMMENT ON COLUMN reconciler.earlier_members.connection_id IS 'The connection.';
COMMENT ON COLUMN reconciler.earlier_members.list_id IS 'The list it had.';
COMMENT ON COLUMN reconciler.earlier_members.member_id IS 'Who was seen on it.';

CREATE TABLE reconciler.pairs (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    contact_id text COLLATE "C" NOT NULL,
    member_id uuid,
    contact_digest bytea,
    member_digest bytea,
    verdict text,
    message text NOT NULL DEFAULT '',
    decided_at timestamptz,
    look_again_at timestamptz,
    applied jsonb NOT NULL DEFAULT '{}',
    shown jsonb NOT NULL DEFAULT '{}',
    refused_fields jsonb NOT NULL DEFAULT '{}',
    drifted text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (connection_id, contact_id)
);
-- A member's contact is found by it.
CREATE INDEX pairs_by_member ON reconciler.pairs (connection_id, member_id);
-- What is waiting is few among many.
CREATE INDEX pairs_to_look_at ON reconciler.pairs (connection_id, look_again_at) WHERE look_again_at IS NOT NULL;
COMMENT ON TABLE reconciler.pairs IS 'Each contact with the member it is linked to: decided verdict, what was applied, and its echo.';
COMMENT ON COLUMN reconciler.pairs.connection_id IS 'Whose pair it is.';
COMMENT ON COLUMN reconciler.pairs.contact_id IS 'The contact.';
COMMENT ON COLUMN reconciler.pairs.member_id IS 'The link: the member it is, or was when last matched.';
COMMENT ON COLUMN reconciler.pairs.contact_digest IS 'The contact''s digest that was decided on.';
COMMENT ON COLUMN reconciler.pairs.member_digest IS 'The member''s digest that was decided on.';
COMMENT ON COLUMN reconciler.pairs.verdict IS 'unchanged, the reason of a skip, or add, update, readdress for a change that is still due.';
COMMENT ON COLUMN reconciler.pairs.message IS 'The verdict in words, where there is more to say.';
COMMENT ON COLUMN reconciler.pairs.decided_at IS 'When it was decided; our clock.';
COMMENT ON COLUMN reconciler.pairs.look_again_at IS 'When it is decided again although nothing changed.';
COMMENT ON COLUMN reconciler.pairs.applied IS 'What was last pushed or found equal, field by field.';
COMMENT ON COLUMN reconciler.pairs.shown IS 'The echo: how Constant Contact shows it, where that differs.';
COMMENT ON COLUMN reconciler.pairs.refused_fields IS 'Fields that were not taken, with the value that was refused.';
COMMENT ON COLUMN reconciler.pairs.drifted IS 'Fields changed at Constant Contact while the CRM''s stayed: kept, and reported.';

CREATE TABLE reconciler.rejects (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    contact_id text COLLATE "C" NOT NULL,
    contact_digest bytea NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    since timestamptz NOT NULL,
    first_run_id bigint,
    attempts integer NOT NULL DEFAULT 1,
    PRIMARY KEY (connection_id, contact_id)
);
COMMENT ON TABLE reconciler.rejects IS 'Contacts refused, kept with the reason until they change or an admin retries them.';
COMMENT ON COLUMN reconciler.rejects.connection_id IS 'Whose contact it is.';
COMMENT ON COLUMN reconciler.rejects.contact_id IS 'The contact.';
COMMENT ON COLUMN reconciler.rejects.contact_digest IS 'What was refused: another digest is tried again.';
COMMENT ON COLUMN reconciler.rejects.code IS 'Why, as a code.';
COMMENT ON COLUMN reconciler.rejects.message IS 'Why, in words.';
COMMENT ON COLUMN reconciler.rejects.since IS 'Since when.';
COMMENT ON COLUMN reconciler.rejects.first_run_id IS 'The run that first met it.';
COMMENT ON COLUMN reconciler.rejects.attempts IS 'How often it was tried.';
