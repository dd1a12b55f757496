-- Runs: what was planned, sent, seen and reported; who holds a connection; what an API key has spent; who did what.

CREATE TABLE reconciler.leases (
    connection_id bigint PRIMARY KEY REFERENCES reconciler.connections ON DELETE CASCADE,
    fence bigint NOT NULL,
    holder text NOT NULL,
    until timestamptz NOT NULL,
    UNIQUE (connection_id, fence)
);
COMMENT ON TABLE reconciler.leases IS 'The right to run one connection. Write transactions lock the key of (connection, fence): renewals pass, takeovers wait.';
COMMENT ON COLUMN reconciler.leases.connection_id IS 'The connection.';
COMMENT ON COLUMN reconciler.leases.fence IS 'Counts takeovers: who holds an older number writes nothing.';
COMMENT ON COLUMN reconciler.leases.holder IS 'Host and process, for people.';
COMMENT ON COLUMN reconciler.leases.until IS 'When it lapses unless renewed.';

CREATE TABLE reconciler.runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    fence bigint NOT NULL,
    trigger text NOT NULL,
    actor text,
    mode text NOT NULL,
    reason text,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    state text,
    report jsonb,
    purged_at timestamptz
);
-- The last runs of a connection are what everybody asks for.
CREATE INDEX runs_by_connection ON reconciler.runs (connection_id, run_id DESC);
-- Each run looks for those whose rows have expired.
CREATE INDEX runs_to_purge ON reconciler.runs (connection_id, finished_at) WHERE purged_at IS NULL;
COMMENT ON TABLE reconciler.runs IS 'One row per run: its record is written once, when it ends.';
COMMENT ON COLUMN reconciler.runs.run_id IS 'The run''s number.';
COMMENT ON COLUMN reconciler.runs.connection_id IS 'The connection that ran.';
COMMENT ON COLUMN reconciler.runs.fence IS 'The lease under which it ran.';
COMMENT ON COLUMN reconciler.runs.trigger IS 'schedule, cli, console, approve or connect.';
COMMENT ON COLUMN reconciler.runs.actor IS 'Who asked for it, where somebody did.';
COMMENT ON COLUMN reconciler.runs.mode IS 'incremental or full.';
COMMENT ON COLUMN reconciler.runs.reason IS 'Why it was full, or why it was held.';
COMMENT ON COLUMN reconciler.runs.version IS 'The program''s version.';
COMMENT ON COLUMN reconciler.runs.started_at IS 'When it began.';
COMMENT ON COLUMN reconciler.runs.finished_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN reconciler.runs.state IS 'How it ended; NULL while it runs.';
COMMENT ON COLUMN reconciler.runs.report IS 'The report, as JSON.';
COMMENT ON COLUMN reconciler.runs.purged_at IS 'When its rows were deleted; the report stays.';

CREATE TABLE reconciler.reads (
    run_id bigint NOT NULL REFERENCES reconciler.runs ON DELETE CASCADE,
    contact_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (run_id, contact_id)
);
COMMENT ON TABLE reconciler.reads IS 'The contacts that an incremental window read, while the run goes on.';
COMMENT ON COLUMN reconciler.reads.run_id IS 'The run.';
COMMENT ON COLUMN reconciler.reads.contact_id IS 'The contact that was read.';

CREATE TABLE reconciler.readings (
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    member_id uuid NOT NULL,
    PRIMARY KEY (connection_id, member_id)
);
COMMENT ON TABLE reconciler.readings IS 'Who was seen on the list in the whole reading that goes on; emptied before and after.';
COMMENT ON COLUMN reconciler.readings.connection_id IS 'The connection whose list is being read.';
COMMENT ON COLUMN reconciler.readings.member_id IS 'The member that was seen on it.';

CREATE TABLE reconciler.plans (
    run_id bigint PRIMARY KEY REFERENCES reconciler.runs ON DELETE CASCADE,
    digest text NOT NULL,
    added integer NOT NULL,
    updated integer NOT NULL,
    readdressed integer NOT NULL,
    decided_at timestamptz NOT NULL
);
COMMENT ON TABLE reconciler.plans IS 'What a run decided, before anything was sent.';
COMMENT ON COLUMN reconciler.plans.run_id IS 'The run it belongs to.';
COMMENT ON COLUMN reconciler.plans.digest IS 'SHA-256 over contact id, kind, fields and values in plan order.';
COMMENT ON COLUMN reconciler.plans.added IS 'How many additions.';
COMMENT ON COLUMN reconciler.plans.updated IS 'How many updates.';
COMMENT ON COLUMN reconciler.plans.readdressed IS 'How many changed addresses.';
COMMENT ON COLUMN reconciler.plans.decided_at IS 'When it was decided.';

CREATE TABLE reconciler.plan_changes (
    run_id bigint NOT NULL REFERENCES reconciler.runs ON DELETE CASCADE,
    contact_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('add', 'update', 'readdress', 'skip')),
    reason text,
    message text NOT NULL DEFAULT '',
    member_id uuid,
    address text NOT NULL DEFAULT '',
    address_hash bytea,
    "values" jsonb NOT NULL DEFAULT '{}',
    before jsonb NOT NULL DEFAULT '{}',
    applied jsonb NOT NULL DEFAULT '{}',
    is_new boolean NOT NULL DEFAULT true,
    is_sent boolean NOT NULL DEFAULT false,
    PRIMARY KEY (run_id, contact_id)
);
COMMENT ON TABLE reconciler.plan_changes IS 'What the diff decided about each candidate of a run, but for those that were simply unchanged.';
COMMENT ON COLUMN reconciler.plan_changes.run_id IS 'The run.';
COMMENT ON COLUMN reconciler.plan_changes.contact_id IS 'The contact.';
COMMENT ON COLUMN reconciler.plan_changes.kind IS 'add, update, readdress or skip.';
COMMENT ON COLUMN reconciler.plan_changes.reason IS 'Why it is skipped.';
COMMENT ON COLUMN reconciler.plan_changes.message IS 'The same in words, where there is more to say.';
COMMENT ON COLUMN reconciler.plan_changes.member_id IS 'The matched member, where there is one.';
COMMENT ON COLUMN reconciler.plan_changes.address IS 'The address as it would be sent.';
COMMENT ON COLUMN reconciler.plan_changes.address_hash IS 'Keyed hash of it, folded.';
COMMENT ON COLUMN reconciler.plan_changes."values" IS 'The fields that would be sent.';
COMMENT ON COLUMN reconciler.plan_changes.before IS 'What stood there for these fields.';
COMMENT ON COLUMN reconciler.plan_changes.applied IS 'What both sides agree on once it is done.';
COMMENT ON COLUMN reconciler.plan_changes.is_new IS 'Whether the verdict is another than the one before.';
COMMENT ON COLUMN reconciler.plan_changes.is_sent IS 'Whether it has been put into a batch.';

CREATE TABLE reconciler.batches (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    run_id bigint NOT NULL,
    fence bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('intended', 'submitted', 'settled', 'refused')),
    contacts integer NOT NULL,
    bytes integer NOT NULL,
    body_sha256 text NOT NULL,
    intended_at timestamptz NOT NULL,
    submitted_at timestamptz,
    since timestamptz,
    activity_id text,
    activity_state text,
    counts jsonb NOT NULL DEFAULT '{}',
    completed_at timestamptz,
    settled_at timestamptz,
    outcome text NOT NULL DEFAULT ''
);
-- Every run begins with what is unsettled.
CREATE INDEX batches_unsettled ON reconciler.batches (connection_id) WHERE state IN ('intended', 'submitted');
COMMENT ON TABLE reconciler.batches IS 'One bulk import each: intended before the request leaves, settled by looking.';
COMMENT ON COLUMN reconciler.batches.batch_id IS 'The batch''s number.';
COMMENT ON COLUMN reconciler.batches.connection_id IS 'Whose batch it is.';
COMMENT ON COLUMN reconciler.batches.run_id IS 'The run that made it.';
COMMENT ON COLUMN reconciler.batches.fence IS 'The lease under which it was made.';
COMMENT ON COLUMN reconciler.batches.state IS 'intended (the request may have left), submitted (we know the activity), settled, or refused (nothing was taken).';
COMMENT ON COLUMN reconciler.batches.contacts IS 'How many contacts.';
COMMENT ON COLUMN reconciler.batches.bytes IS 'How many bytes of body.';
COMMENT ON COLUMN reconciler.batches.body_sha256 IS 'Digest of the body.';
COMMENT ON COLUMN reconciler.batches.intended_at IS 'When the intent was committed; our clock.';
COMMENT ON COLUMN reconciler.batches.submitted_at IS 'When the activity''s id was committed; our clock.';
COMMENT ON COLUMN reconciler.batches.since IS 'Constant Contact''s clock shortly before the request: the read-back looks from here.';
COMMENT ON COLUMN reconciler.batches.activity_id IS 'Constant Contact''s id of the activity.';
COMMENT ON COLUMN reconciler.batches.activity_state IS 'The activity''s state as last seen.';
COMMENT ON COLUMN reconciler.batches.counts IS 'The activity''s counts as last seen.';
COMMENT ON COLUMN reconciler.batches.completed_at IS 'When the activity was first seen to have ended; our clock.';
COMMENT ON COLUMN reconciler.batches.settled_at IS 'When it was settled.';
COMMENT ON COLUMN reconciler.batches.outcome IS 'How, in words.';

CREATE TABLE reconciler.batch_contacts (
    batch_id bigint NOT NULL REFERENCES reconciler.batches ON DELETE CASCADE,
    connection_id bigint NOT NULL REFERENCES reconciler.connections ON DELETE CASCADE,
    contact_id text COLLATE "C" NOT NULL,
    address_hash bytea NOT NULL,
    kind text NOT NULL CHECK (kind IN ('add', 'update')),
    member_id uuid,
    contact_digest bytea NOT NULL,
    "values" jsonb NOT NULL,
    before jsonb NOT NULL DEFAULT '{}',
    applied jsonb NOT NULL DEFAULT '{}',
    settled boolean NOT NULL DEFAULT false,
    outcome text,
    PRIMARY KEY (batch_id, contact_id)
);
-- No contact and no address is in two unsettled batches: the database itself says so.
CREATE UNIQUE INDEX batch_contacts_hold_contact ON reconciler.batch_contacts (connection_id, contact_id) WHERE NOT settled;
CREATE UNIQUE INDEX batch_contacts_hold_address ON reconciler.batch_contacts (connection_id, address_hash) WHERE NOT settled;
COMMENT ON TABLE reconciler.batch_contacts IS 'The contacts of each batch, as they were sent.';
COMMENT ON COLUMN reconciler.batch_contacts.batch_id IS 'The batch.';
COMMENT ON COLUMN reconciler.batch_contacts.connection_id IS 'Whose batch it is.';
COMMENT ON COLUMN reconciler.batch_contacts.contact_id IS 'The contact.';
COMMENT ON COLUMN reconciler.batch_contacts.address_hash IS 'Keyed hash of the folded address.';
COMMENT ON COLUMN reconciler.batch_contacts.kind IS 'add or update.';
COMMENT ON COLUMN reconciler.batch_contacts.member_id IS 'The member it was matched with, where there was one.';
COMMENT ON COLUMN reconciler.batch_contacts.contact_digest IS 'The contact''s digest that was sent.';
COMMENT ON COLUMN reconciler.batch_contacts."values" IS 'The fields that were sent.';
COMMENT ON COLUMN reconciler.batch_contacts.before IS 'What stood there before.';
COMMENT ON COLUMN reconciler.batch_contacts.applied IS 'What both sides agree on once it is verified.';
COMMENT ON COLUMN reconciler.batch_contacts.settled IS 'Whether its outcome is known.';
COMMENT ON COLUMN reconciler.batch_contacts.outcome IS 'verified, rejected, deferred, in_doubt or skipped.';

CREATE TABLE reconciler.run_rows (
    run_id bigint NOT NULL REFERENCES reconciler.runs ON DELETE CASCADE,
    row_number bigint GENERATED ALWAYS AS IDENTITY,
    contact_id text COLLATE "C" NOT NULL,
    email text NOT NULL DEFAULT '',
    action text NOT NULL CHECK (action IN ('add', 'update', 'readdress', 'skip')),
    field text,
    before text,
    after text,
    outcome text NOT NULL CHECK (outcome IN ('verified', 'rejected', 'deferred', 'in_doubt', 'skipped')),
    code text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, row_number)
);
-- One contact's history over its runs.
CREATE INDEX run_rows_by_contact ON reconciler.run_rows (contact_id, run_id DESC);
COMMENT ON TABLE reconciler.run_rows IS 'What a run did to each contact, field by field, and what it left alone and why.';
COMMENT ON COLUMN reconciler.run_rows.run_id IS 'The run.';
COMMENT ON COLUMN reconciler.run_rows.row_number IS 'The row''s number within the run.';
COMMENT ON COLUMN reconciler.run_rows.contact_id IS 'The contact.';
COMMENT ON COLUMN reconciler.run_rows.email IS 'The contact''s address at that time.';
COMMENT ON COLUMN reconciler.run_rows.action IS 'add, update, readdress or skip.';
COMMENT ON COLUMN reconciler.run_rows.field IS 'The field that was changed.';
COMMENT ON COLUMN reconciler.run_rows.before IS 'What stood there before.';
COMMENT ON COLUMN reconciler.run_rows.after IS 'What was sent.';
COMMENT ON COLUMN reconciler.run_rows.outcome IS 'verified, rejected, deferred, in_doubt or skipped.';
COMMENT ON COLUMN reconciler.run_rows.code IS 'The reason, as a code.';
COMMENT ON COLUMN reconciler.run_rows.message IS 'The reason, in words.';

CREATE TABLE reconciler.api_usage (
    key_fingerprint bytea NOT NULL,
    day date NOT NULL,
    calls integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    PRIMARY KEY (key_fingerprint, day)
);
COMMENT ON TABLE reconciler.api_usage IS 'What each API key has spent, by UTC day; shared by all processes.';
COMMENT ON COLUMN reconciler.api_usage.key_fingerprint IS 'Keyed hash of the API key.';
COMMENT ON COLUMN reconciler.api_usage.day IS 'The UTC day.';
COMMENT ON COLUMN reconciler.api_usage.calls IS 'Requests reserved on that day.';
COMMENT ON COLUMN reconciler.api_usage.next_at IS 'The next free slot.';

CREATE TABLE reconciler.audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    connection text,
    details jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE reconciler.audit IS 'Who did what, and when. Rows are only ever added.';
COMMENT ON COLUMN reconciler.audit.audit_id IS 'The entry''s number.';
COMMENT ON COLUMN reconciler.audit.at IS 'When.';
COMMENT ON COLUMN reconciler.audit.actor IS 'Who.';
COMMENT ON COLUMN reconciler.audit.action IS 'What.';
COMMENT ON COLUMN reconciler.audit.connection IS 'On which connection, by name.';
COMMENT ON COLUMN reconciler.audit.details IS 'Before and after, without secrets.';

CREATE FUNCTION reconciler.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'reconciler.audit is append-only: % is refused', TG_OP;
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reconciler.audit
    FOR EACH STATEMENT EXECUTE FUNCTION reconciler.audit_is_append_only();
COMMENT ON FUNCTION reconciler.audit_is_append_only() IS 'Refuses every change of what is already written.';
