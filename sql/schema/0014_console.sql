-- The console: who is signed in, what somebody has begun there, and from where each audited action came.

ALTER TABLE reconciler.audit ADD COLUMN workspace text, ADD COLUMN place text, ADD COLUMN request_id text;
COMMENT ON COLUMN reconciler.audit.workspace IS 'The workspace that the connection belonged to then; a name may be another workspace''s later.';
COMMENT ON COLUMN reconciler.audit.place IS 'From where: the network address that the console saw; NULL: the command line.';
COMMENT ON COLUMN reconciler.audit.request_id IS 'The console''s number of the request, which its log lines have too.';
-- A connection's actions are asked for newest first.
CREATE INDEX audit_by_connection ON reconciler.audit (connection, audit_id DESC);
-- Admins see what was done in their workspaces.
CREATE INDEX audit_by_workspace ON reconciler.audit (workspace, audit_id DESC);

CREATE FUNCTION reconciler.state_of(run reconciler.runs) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN run.state IS NULL AND NOT EXISTS (
        SELECT FROM reconciler.leases AS l WHERE l.connection_id = run.connection_id AND l.fence = run.fence
            AND l.until > reconciler.clock()) THEN 'abandoned' ELSE run.state END
$$;
COMMENT ON FUNCTION reconciler.state_of IS 'How a run ended; NULL while it goes on. One that died is abandoned also before the next run has noted it.';

CREATE TABLE reconciler.console_links (
    link_hash bytea PRIMARY KEY,
    grants jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    good_until timestamptz NOT NULL,
    used_at timestamptz
);
COMMENT ON TABLE reconciler.console_links IS 'One-time sign-in addresses of the console.';
COMMENT ON COLUMN reconciler.console_links.link_hash IS 'SHA-256 of what the address has; the address itself is kept nowhere.';
COMMENT ON COLUMN reconciler.console_links.grants IS 'Workspace to role: what who uses it may do; * is every workspace.';
COMMENT ON COLUMN reconciler.console_links.made_by IS 'Who asked for it.';
COMMENT ON COLUMN reconciler.console_links.made_at IS 'When.';
COMMENT ON COLUMN reconciler.console_links.good_until IS 'Until when it can be used.';
COMMENT ON COLUMN reconciler.console_links.used_at IS 'When it was; NULL: not yet.';

CREATE TABLE reconciler.console_sessions (
    session_hash bytea PRIMARY KEY,
    subject text NOT NULL,
    method text NOT NULL CHECK (method IN ('link', 'proxy')),
    grants jsonb NOT NULL,
    authenticated_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz
);
-- Each sign-in deletes those that are long over.
CREATE INDEX console_sessions_by_age ON reconciler.console_sessions (made_at);
COMMENT ON TABLE reconciler.console_sessions IS 'Who is signed in at the console.';
COMMENT ON COLUMN reconciler.console_sessions.session_hash IS 'SHA-256 of the cookie; the cookie itself is kept nowhere.';
COMMENT ON COLUMN reconciler.console_sessions.subject IS 'Who it is, as the audit names them.';
COMMENT ON COLUMN reconciler.console_sessions.method IS 'How they signed in: by a one-time address, or through the proxy in front.';
COMMENT ON COLUMN reconciler.console_sessions.grants IS 'Workspace to role; * is every workspace.';
COMMENT ON COLUMN reconciler.console_sessions.authenticated_at IS 'When they last proved who they are.';
COMMENT ON COLUMN reconciler.console_sessions.made_at IS 'When they signed in.';
COMMENT ON COLUMN reconciler.console_sessions.seen_at IS 'When they last asked for anything, to the minute.';
COMMENT ON COLUMN reconciler.console_sessions.ended_at IS 'When they signed out; NULL: they have not.';

CREATE TABLE reconciler.console_drafts (
    draft_id text PRIMARY KEY,
    session_hash bytea NOT NULL REFERENCES reconciler.console_sessions ON DELETE CASCADE,
    connection text NOT NULL,
    workspace text NOT NULL,
    method text NOT NULL CHECK (method IN ('pasted', 'code', 'device')),
    state_hash bytea UNIQUE,
    sealed jsonb NOT NULL DEFAULT '{}',
    told jsonb NOT NULL DEFAULT '{}',
    good_until timestamptz NOT NULL
);
CREATE INDEX console_drafts_by_session ON reconciler.console_drafts (session_hash);
COMMENT ON TABLE reconciler.console_drafts IS 'Connections that somebody is about to make: what was given already, until the list is chosen too.';
COMMENT ON COLUMN reconciler.console_drafts.draft_id IS 'A random number, which the draft''s pages have in their address.';
COMMENT ON COLUMN reconciler.console_drafts.session_hash IS 'Whose draft it is: nobody else can go on with it.';
COMMENT ON COLUMN reconciler.console_drafts.connection IS 'The name the connection shall have, or has.';
COMMENT ON COLUMN reconciler.console_drafts.workspace IS 'The workspace it is for.';
COMMENT ON COLUMN reconciler.console_drafts.method IS 'How access is given: pasted, by a sign-in here, or at another screen.';
COMMENT ON COLUMN reconciler.console_drafts.state_hash IS 'SHA-256 of the state that comes back with a sign-in; NULL once it came, or where there is none.';
COMMENT ON COLUMN reconciler.console_drafts.sealed IS 'What is secret of it: name to sealed value, bound to this row and name.';
COMMENT ON COLUMN reconciler.console_drafts.told IS 'What is not secret of it.';
COMMENT ON COLUMN reconciler.console_drafts.good_until IS 'When it is too old to go on with.';

CREATE TABLE reconciler.console_done (
    once_hash bytea PRIMARY KEY,
    session_hash bytea NOT NULL REFERENCES reconciler.console_sessions ON DELETE CASCADE,
    done_at timestamptz NOT NULL,
    led_to text
);
CREATE INDEX console_done_by_session ON reconciler.console_done (session_hash);
COMMENT ON TABLE reconciler.console_done IS 'Forms that were sent: one that is sent twice does its action once.';
COMMENT ON COLUMN reconciler.console_done.once_hash IS 'SHA-256 of the form''s own number.';
COMMENT ON COLUMN reconciler.console_done.session_hash IS 'Who sent it.';
COMMENT ON COLUMN reconciler.console_done.done_at IS 'When it first came.';
COMMENT ON COLUMN reconciler.console_done.led_to IS 'The page it led to, which the second sending is shown too; NULL: it goes on yet, or failed.';
