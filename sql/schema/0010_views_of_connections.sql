-- The public views of how connections and their contacts stand now. The same rules hold as for those of runs.



CREATE VIEW reconciler.v1_problems AS
SELECT c.name AS connection, k.contact_id, reconciler.masked(nullif(k.address, '')) AS email, s.bucket,
       coalesce(x.code, p.verdict) AS code, CAST(NULL AS text) AS field,
       reconciler.veiled_message('', coalesce(x.message, p.message)) AS message,
       coalesce(x.since, CASE p.verdict WHEN 'unsubscribed' THEN coalesce(m.opted_out_at, m.updated_at)
                                        WHEN 'left_list' THEN m.left_at
                                        WHEN 'deleted_there' THEN m.deleted_at END, k.changed_at) AS since,
       x.attempts, x.again_at, x.first_run_id
FROM reconciler.connections AS c
JOIN reconciler.contacts AS k ON k.connection_id = c.connection_id AND k.gone_at IS NULL
JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = k.contact_id
LEFT JOIN reconciler.rejects AS x
       ON x.connection_id = c.connection_id AND x.contact_id = k.contact_id AND x.contact_digest = k.digest
LEFT JOIN reconciler.members AS m ON m.connection_id = c.connection_id AND m.member_id = p.member_id
CROSS JOIN LATERAL (SELECT CASE
    WHEN x.code IS NOT NULL OR p.verdict IN ('rejected', 'needs_single_write', 'too_many_lists') THEN 'rejected'
    WHEN p.verdict IN ('no_email', 'invalid', 'duplicate') THEN p.verdict
    WHEN p.verdict NOT IN ('unchanged', 'add', 'update', 'readdress', 'membership_unclear', 'address_taken', 'moved')
        THEN 'suppressed' END AS bucket) AS s
WHERE s.bucket IS NOT NULL
UNION ALL
SELECT c.name, k.contact_id, reconciler.masked(nullif(k.address, '')), 'field_refused', 'field_refused', f.key,
       reconciler.masked_addresses(f.value), k.changed_at, NULL, NULL, NULL
FROM reconciler.connections AS c
JOIN reconciler.contacts AS k ON k.connection_id = c.connection_id AND k.gone_at IS NULL AND k.refused <> '{}'
CROSS JOIN LATERAL jsonb_each_text(k.refused) AS f
UNION ALL
SELECT c.name, k.contact_id, reconciler.masked(nullif(k.address, '')), 'field_refused', 'field_refused', f.key,
       'Constant Contact did not take it', k.changed_at, NULL, NULL, NULL
FROM reconciler.connections AS c
JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.refused_fields <> '{}'
JOIN reconciler.contacts AS k ON k.connection_id = p.connection_id AND k.contact_id = p.contact_id AND k.gone_at IS NULL
CROSS JOIN LATERAL jsonb_each_text(p.refused_fields) AS f
WHERE k.fields ->> f.key = f.value;
COMMENT ON VIEW reconciler.v1_problems IS 'Who is off or refused now, and why: a row a contact, and one for each field that is left out. What only waits is not in it.';
COMMENT ON COLUMN reconciler.v1_problems.connection IS 'The connection, by name.';
COMMENT ON COLUMN reconciler.v1_problems.contact_id IS 'The CRM''s id of the contact.';
COMMENT ON COLUMN reconciler.v1_problems.email IS 'The address, masked; NULL where there is none.';
COMMENT ON COLUMN reconciler.v1_problems.bucket IS 'As a report counts it: suppressed, no_email, invalid, duplicate or rejected; field_refused for a field.';
COMMENT ON COLUMN reconciler.v1_problems.code IS 'The reason, as a code; errors.md says who acts, and what there is to do.';
COMMENT ON COLUMN reconciler.v1_problems.field IS 'The field that is left out; NULL: it is about the person.';
COMMENT ON COLUMN reconciler.v1_problems.message IS 'The reason in words, addresses masked; may be empty.';
COMMENT ON COLUMN reconciler.v1_problems.since IS 'Since when: of who is off by Constant Contact''s clock, of who was refused since the first refusal, else since the contact last changed.';
COMMENT ON COLUMN reconciler.v1_problems.attempts IS 'How often it was tried; NULL where it is not about a refusal, here and in the next two.';
COMMENT ON COLUMN reconciler.v1_problems.again_at IS 'When it is tried again although nothing changed; NULL: not before it changes.';
COMMENT ON COLUMN reconciler.v1_problems.first_run_id IS 'The run that was refused first.';

CREATE VIEW reconciler.v1_optouts AS
SELECT DISTINCT ON (o.connection, o.contact_id) o.connection, o.contact_id, o.reason, o.since
FROM (
    SELECT c.name AS connection, k.contact_id, w.reason, w.since
    FROM reconciler.connections AS c
    JOIN reconciler.members AS m ON m.connection_id = c.connection_id
    JOIN reconciler.contacts AS k ON k.connection_id = c.connection_id AND k.address_hash = m.address_hash
    CROSS JOIN LATERAL (
        SELECT CASE WHEN m.status = 'unsubscribed' OR m.opted_out_at IS NOT NULL THEN 'unsubscribed' ELSE 'left_list' END AS reason,
               CASE WHEN m.status = 'unsubscribed' OR m.opted_out_at IS NOT NULL
                    THEN coalesce(m.opted_out_at, m.updated_at, m.read_at) ELSE m.left_at END AS since) AS w
    WHERE m.status = 'unsubscribed' OR m.opted_out_at IS NOT NULL OR m.left_at IS NOT NULL
    UNION ALL
    SELECT c.name, p.contact_id, w.reason, w.since
    FROM reconciler.connections AS c
    JOIN reconciler.members AS m ON m.connection_id = c.connection_id
    JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.member_id = m.member_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN m.status = 'unsubscribed' OR m.opted_out_at IS NOT NULL THEN 'unsubscribed' ELSE 'left_list' END AS reason,
               CASE WHEN m.status = 'unsubscribed' OR m.opted_out_at IS NOT NULL
                    THEN coalesce(m.opted_out_at, m.updated_at, m.read_at) ELSE m.left_at END AS since) AS w
    WHERE m.status = 'unsubscribed' OR m.opted_out_at IS NOT NULL OR m.left_at IS NOT NULL
) AS o
ORDER BY o.connection, o.contact_id, o.reason DESC, o.since;
COMMENT ON VIEW reconciler.v1_optouts IS 'Contacts of the CRM whose person unsubscribed or left the list at Constant Contact: to be joined with the CRM.';
COMMENT ON COLUMN reconciler.v1_optouts.connection IS 'The connection, by name.';
COMMENT ON COLUMN reconciler.v1_optouts.contact_id IS 'The CRM''s id of the contact: once for each connection.';
COMMENT ON COLUMN reconciler.v1_optouts.reason IS 'unsubscribed or left_list.';
COMMENT ON COLUMN reconciler.v1_optouts.since IS 'Since when: they unsubscribed by Constant Contact''s clock, or were found to have left by ours.';

CREATE VIEW reconciler.v1_connections AS
SELECT c.name AS connection, c.workspace, a.organization AS account, c.list_id::text AS list_id, c.list_name,
       CASE WHEN c.disconnected_at IS NOT NULL OR a.access_token_sealed IS NULL
                 OR a.refresh_token_sealed IS NULL AND a.token_ends_at <= t.now THEN 'Disconnected'
            WHEN c.paused_at IS NOT NULL THEN 'Paused'
            WHEN c.held_at IS NOT NULL THEN 'Held'
            WHEN c.quarantined_at IS NOT NULL THEN 'In quarantine'
            WHEN c.observe THEN 'Connected, only observing'
            WHEN c.started_at IS NULL THEN 'Connected, not started'
            ELSE 'Connected' END AS badge,
       b.contacts AS behind_contacts, b.oldest AS behind_since,
       coalesce(extract(epoch FROM t.now - b.oldest), 0)::double precision AS behind_seconds,
       w.read_at AS crm_read_at, c.swept_at, c.pulled_whole_at, c.last_tick_at, c.quiet_ticks, c.quiet_since,
       l.run_id AS last_run_id, l.state AS last_run_state, l.started_at AS last_run_started_at,
       l.finished_at AS last_run_finished_at,
       c.connected_at, c.started_at, c.paused_at, c.paused_reason, c.disconnected_at,
       reconciler.masked_addresses(c.disconnected_reason) AS disconnected_reason, a.token_ends_at,
       a.refresh_token_sealed IS NOT NULL AS token_is_renewed,
       c.held_at, c.held_reason, reconciler.masked_addresses(c.held_message) AS held_message, c.held_run_id,
       c.quarantined_at, c.failures, c.failing_since, c.failing_reason,
       reconciler.masked_addresses(c.failing_message) AS failing_message, c.next_attempt_at,
       c.window_mode, c.window_reason, c.consent_basis
FROM reconciler.connections AS c
JOIN reconciler.accounts AS a ON a.account_id = c.account_id
LEFT JOIN reconciler.watermarks AS w ON w.connection_id = c.connection_id
-- The ledger's clock, spelled out: a function would read its table with the reader's rights.
CROSS JOIN LATERAL (
    SELECT clock_timestamp() + coalesce((SELECT ahead FROM reconciler.clock_offset), interval '0') AS now) AS t
LEFT JOIN LATERAL (
    SELECT u.run_id, u.state, u.started_at, u.finished_at FROM reconciler.runs AS u
    WHERE u.connection_id = c.connection_id AND u.finished_at IS NOT NULL ORDER BY u.run_id DESC LIMIT 1) AS l ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS contacts, min(k.changed_at) AS oldest
    FROM reconciler.contacts AS k
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = k.connection_id AND p.contact_id = k.contact_id
    WHERE k.connection_id = c.connection_id AND k.gone_at IS NULL AND k.eligible AND NOT k.opted_out
      AND k.address_hash IS NOT NULL
      AND (p.contact_digest IS DISTINCT FROM k.digest
           OR p.verdict IN ('add', 'update', 'readdress', 'membership_unclear', 'address_taken', 'moved'))) AS b;
COMMENT ON VIEW reconciler.v1_connections IS 'One row a connection: how it stands now.';
COMMENT ON COLUMN reconciler.v1_connections.connection IS 'Its name.';
COMMENT ON COLUMN reconciler.v1_connections.workspace IS 'What the statement''s parameter workspace is bound to.';
COMMENT ON COLUMN reconciler.v1_connections.account IS 'The account''s name.';
COMMENT ON COLUMN reconciler.v1_connections.list_id IS 'Constant Contact''s id of the list.';
COMMENT ON COLUMN reconciler.v1_connections.list_name IS 'The list''s name when it was connected.';
COMMENT ON COLUMN reconciler.v1_connections.badge IS 'As `reconciler status` begins: Disconnected, Paused, Held, In quarantine or Connected; the last may say what it does not do.';
COMMENT ON COLUMN reconciler.v1_connections.behind_contacts IS 'Contacts that belong on the list and differ from it.';
COMMENT ON COLUMN reconciler.v1_connections.behind_since IS 'The oldest change that is not yet seen on the list; NULL: the list is as the CRM wants it.';
COMMENT ON COLUMN reconciler.v1_connections.behind_seconds IS 'For how long that has waited; 0: nothing waits.';
COMMENT ON COLUMN reconciler.v1_connections.crm_read_at IS 'When the CRM was last read: what changed there since is not known yet.';
COMMENT ON COLUMN reconciler.v1_connections.swept_at IS 'When both sides were last compared in full.';
COMMENT ON COLUMN reconciler.v1_connections.pulled_whole_at IS 'When the whole account was last read.';
COMMENT ON COLUMN reconciler.v1_connections.last_tick_at IS 'The last tick with nothing to do.';
COMMENT ON COLUMN reconciler.v1_connections.quiet_ticks IS 'Ticks with nothing to do since the last run.';
COMMENT ON COLUMN reconciler.v1_connections.quiet_since IS 'The first of them.';
COMMENT ON COLUMN reconciler.v1_connections.last_run_id IS 'The last run that ended; NULL: none yet.';
COMMENT ON COLUMN reconciler.v1_connections.last_run_state IS 'How it ended.';
COMMENT ON COLUMN reconciler.v1_connections.last_run_started_at IS 'When it began.';
COMMENT ON COLUMN reconciler.v1_connections.last_run_finished_at IS 'When it ended.';
COMMENT ON COLUMN reconciler.v1_connections.connected_at IS 'When it was first connected.';
COMMENT ON COLUMN reconciler.v1_connections.started_at IS 'Since when runs push; NULL: not started.';
COMMENT ON COLUMN reconciler.v1_connections.paused_at IS 'Since when it is paused; NULL: it is not.';
COMMENT ON COLUMN reconciler.v1_connections.paused_reason IS 'The code of what paused it; NULL: somebody did, or nothing.';
COMMENT ON COLUMN reconciler.v1_connections.disconnected_at IS 'Since when there is no token that works; NULL: connected.';
COMMENT ON COLUMN reconciler.v1_connections.disconnected_reason IS 'Why, in a sentence.';
COMMENT ON COLUMN reconciler.v1_connections.token_ends_at IS 'When the access token ends; NULL: not known.';
COMMENT ON COLUMN reconciler.v1_connections.token_is_renewed IS 'Whether there is something to renew the token with.';
COMMENT ON COLUMN reconciler.v1_connections.held_at IS 'Since when it is held; NULL: it is not.';
COMMENT ON COLUMN reconciler.v1_connections.held_reason IS 'The code of what holds it.';
COMMENT ON COLUMN reconciler.v1_connections.held_message IS 'What holds it and what to do.';
COMMENT ON COLUMN reconciler.v1_connections.held_run_id IS 'The run that began the hold.';
COMMENT ON COLUMN reconciler.v1_connections.quarantined_at IS 'Since when it is tried ever more rarely; NULL: it is not.';
COMMENT ON COLUMN reconciler.v1_connections.failures IS 'How many runs in a row have failed as a whole.';
COMMENT ON COLUMN reconciler.v1_connections.failing_since IS 'Since the first of them.';
COMMENT ON COLUMN reconciler.v1_connections.failing_reason IS 'Why the last of them did, as a code.';
COMMENT ON COLUMN reconciler.v1_connections.failing_message IS 'The same in words.';
COMMENT ON COLUMN reconciler.v1_connections.next_attempt_at IS 'Not before then; NULL: at the next tick.';
COMMENT ON COLUMN reconciler.v1_connections.window_mode IS 'How changes are found: xmin, whole or overlap.';
COMMENT ON COLUMN reconciler.v1_connections.window_reason IS 'Why it is this one.';
COMMENT ON COLUMN reconciler.v1_connections.consent_basis IS 'Why these people may be written to, in the words of who connected.';
