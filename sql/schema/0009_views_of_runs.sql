-- The public views of the reports: for the SQL of others, so columns are only ever added within v1. They read with the
-- rights of their owner: a reader needs nothing but USAGE on the schema and SELECT on a view.

CREATE FUNCTION reconciler.masked(address text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN strpos(address, '@') = 0 THEN '***'
                ELSE left(left(address, -1 - length(split_part(address, '@', -1))), 1) || '***@'
                     || split_part(address, '@', -1) END
$$;
COMMENT ON FUNCTION reconciler.masked IS 'An address that can be told from others but not written to: j***@example.com.';

CREATE FUNCTION reconciler.veiled(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '' THEN '' ELSE left(value, 1) || '***' END
$$;
COMMENT ON FUNCTION reconciler.veiled IS 'The first letter of a value, so that a change can be seen but not what it was; empty stays empty.';

CREATE FUNCTION reconciler.masked_addresses(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(words,
        '(?:(")[^"\n]*"|([^\s@<>"'',;:()\[\]{}=|])[^\s@<>"'',;:()\[\]{}=|]*)(?:@|%40)([^\s@<>"'',;:()\[\]{}|]+)',
        '\1\2***@\3', 'g')
$$;
COMMENT ON FUNCTION reconciler.masked_addresses IS 'Words with every address in them masked.';

CREATE FUNCTION reconciler.veiled_message(code text, words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN code IN ('flapping', 'shown_differently') THEN ''
                ELSE reconciler.masked_addresses(regexp_replace(words, '(what is there: ).*', '\1***')) END
$$;
COMMENT ON FUNCTION reconciler.veiled_message IS 'The reason of a row in words, without the values and addresses that some of them quote.';

CREATE VIEW reconciler.v1_runs AS
SELECT u.run_id, c.name AS connection, u.state, u.trigger, u.actor, u.mode, coalesce(u.report ->> 'reason', u.reason) AS reason,
       reconciler.masked_addresses(u.report ->> 'message') AS message, u.started_at, u.finished_at,
       extract(epoch FROM u.finished_at - u.started_at)::double precision AS seconds,
       u.report -> 'list' ->> 'account' AS account, u.report -> 'list' ->> 'list_id' AS list_id,
       u.report -> 'list' ->> 'name' AS list_name,
       n.window ->> 'mode' AS window_mode, n.window ->> 'since' AS window_since, n.window ->> 'until' AS window_until,
       (n.window ->> 'overlap_seconds')::double precision AS window_overlap_seconds,
       (n.window ->> 'recovered_late')::bigint AS window_recovered_late,
       (n.counts ->> 'read')::bigint AS read, (n.counts ->> 'carried_in')::bigint AS carried_in,
       (n.counts ->> 'unchanged')::bigint AS unchanged, (n.counts ->> 'added')::bigint AS added,
       (n.counts ->> 'updated')::bigint AS updated, (n.counts ->> 'suppressed')::bigint AS suppressed,
       (n.counts ->> 'no_email')::bigint AS no_email, (n.counts ->> 'invalid')::bigint AS invalid,
       (n.counts ->> 'duplicate')::bigint AS duplicate, (n.counts ->> 'rejected')::bigint AS rejected,
       (n.counts ->> 'deferred')::bigint AS deferred, (n.counts ->> 'in_doubt')::bigint AS in_doubt,
       coalesce((n.suppressed ->> 'unsubscribed')::bigint, n.none) AS suppressed_unsubscribed,
       coalesce((n.suppressed ->> 'left_list')::bigint, n.none) AS suppressed_left_list,
       coalesce((n.suppressed ->> 'deleted_there')::bigint, n.none) AS suppressed_deleted_there,
       coalesce((n.suppressed ->> 'not_mailable')::bigint, n.none) AS suppressed_not_mailable,
       coalesce((n.suppressed ->> 'opted_out')::bigint, n.none) AS suppressed_opted_out,
       coalesce((n.suppressed ->> 'out_of_scope')::bigint, n.none) AS suppressed_out_of_scope,
       coalesce((n.suppressed ->> 'forgotten')::bigint, n.none) AS suppressed_forgotten,
       (n.members ->> 'before')::bigint AS members_before, (n.members ->> 'added')::bigint AS members_added,
       (n.members ->> 'joined_elsewhere')::bigint AS members_joined_elsewhere,
       (n.members ->> 'left_elsewhere')::bigint AS members_left_elsewhere, (n.members ->> 'after')::bigint AS members_after,
       (n.crm ->> 'contacts')::bigint AS standing_contacts, (n.crm ->> 'on_list')::bigint AS standing_on_list,
       (n.crm ->> 'contacts')::bigint - (n.crm ->> 'on_list')::bigint AS standing_held_back,
       (n.there ->> 'members')::bigint AS standing_members, (n.there ->> 'from_crm')::bigint AS standing_from_crm,
       (n.there ->> 'still_on_list')::bigint AS standing_still_on_list, (n.there ->> 'others')::bigint AS standing_others,
       (n.balanced ->> 'contacts')::boolean AS contacts_balance, (n.balanced ->> 'members')::boolean AS members_balance,
       (n.balanced ->> 'standing')::boolean AS standing_balance,
       (u.report ->> 'field_refused')::bigint AS field_refused, (u.report -> 'drift' ->> 'members')::bigint AS drifted,
       (u.report -> 'api' ->> 'calls')::bigint AS api_calls, (u.report -> 'api' ->> 'left_today')::bigint AS api_calls_left,
       (n.stages ->> 'extract')::double precision AS seconds_extract, (n.stages ->> 'pull')::double precision AS seconds_pull,
       (n.stages ->> 'diff')::double precision AS seconds_diff, (n.stages ->> 'push')::double precision AS seconds_push,
       (n.stages ->> 'verify')::double precision AS seconds_verify,
       (u.report -> 'behind' ->> 'contacts')::bigint AS behind_contacts,
       (u.report -> 'behind' ->> 'oldest_seconds')::double precision AS behind_oldest_seconds,
       u.report -> 'plan' ->> 'digest' AS plan_digest, (u.report -> 'plan' ->> 'added')::bigint AS plan_added,
       (u.report -> 'plan' ->> 'updated')::bigint AS plan_updated,
       jsonb_array_length(u.report -> 'problems') AS problems, u.purged_at AS rows_purged_at, u.version
FROM reconciler.runs AS u
JOIN reconciler.connections AS c ON c.connection_id = u.connection_id
-- `none` is 0 where there is a report: a reason that it does not name kept off nobody.
CROSS JOIN LATERAL (
    SELECT nullif(u.report -> 'window', 'null') AS "window", u.report -> 'counts' AS counts,
           u.report -> 'suppressed' AS suppressed, nullif(u.report -> 'members', 'null') AS members,
           u.report -> 'standing' -> 'crm' AS crm, u.report -> 'standing' -> 'list' AS there,
           u.report -> 'balanced' AS balanced, u.report -> 'seconds' AS stages,
           CASE WHEN u.report IS NOT NULL THEN CAST(0 AS bigint) END AS none
) AS n;
COMMENT ON VIEW reconciler.v1_runs IS 'One row a run, with each number of its report; what the rest of a report says is not in it. Kept for ever.';
COMMENT ON COLUMN reconciler.v1_runs.run_id IS 'The run''s number.';
COMMENT ON COLUMN reconciler.v1_runs.connection IS 'The connection that ran, by name.';
COMMENT ON COLUMN reconciler.v1_runs.state IS 'How it ended, as in the report; NULL while it runs.';
COMMENT ON COLUMN reconciler.v1_runs.trigger IS 'schedule, cli, console, approve or connect.';
COMMENT ON COLUMN reconciler.v1_runs.actor IS 'Who asked for it, where somebody did.';
COMMENT ON COLUMN reconciler.v1_runs.mode IS 'incremental or full.';
COMMENT ON COLUMN reconciler.v1_runs.reason IS 'Why it was full, or why it was held or failed.';
COMMENT ON COLUMN reconciler.v1_runs.message IS 'The same in words, addresses masked.';
COMMENT ON COLUMN reconciler.v1_runs.started_at IS 'When it began.';
COMMENT ON COLUMN reconciler.v1_runs.finished_at IS 'When it ended; NULL while it runs.';
COMMENT ON COLUMN reconciler.v1_runs.seconds IS 'How long it took.';
COMMENT ON COLUMN reconciler.v1_runs.account IS 'The account''s name at that time.';
COMMENT ON COLUMN reconciler.v1_runs.list_id IS 'Constant Contact''s id of the list.';
COMMENT ON COLUMN reconciler.v1_runs.list_name IS 'The list''s name at that time.';
COMMENT ON COLUMN reconciler.v1_runs.window_mode IS 'xmin, whole or overlap; NULL where the CRM was not read, here and in the columns window_*.';
COMMENT ON COLUMN reconciler.v1_runs.window_since IS 'What was read begins here: a time, or a row version under xmin; NULL: everything.';
COMMENT ON COLUMN reconciler.v1_runs.window_until IS 'What was read ends here.';
COMMENT ON COLUMN reconciler.v1_runs.window_overlap_seconds IS 'How far before the watermark the reading began.';
COMMENT ON COLUMN reconciler.v1_runs.window_recovered_late IS 'Changes that the window had missed and this run found.';
COMMENT ON COLUMN reconciler.v1_runs.read IS 'Contacts that were read in the CRM.';
COMMENT ON COLUMN reconciler.v1_runs.carried_in IS 'Contacts of earlier runs, not read again, that it took up.';
COMMENT ON COLUMN reconciler.v1_runs.unchanged IS 'Of these: already right.';
COMMENT ON COLUMN reconciler.v1_runs.added IS 'Of these: put on the list, or would be where the state is observed.';
COMMENT ON COLUMN reconciler.v1_runs.updated IS 'Of these: changed there, the e-mail address too.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed IS 'Of these: kept off, for one of the reasons suppressed_*.';
COMMENT ON COLUMN reconciler.v1_runs.no_email IS 'Of these: without an address.';
COMMENT ON COLUMN reconciler.v1_runs.invalid IS 'Of these: with an address that can''t be used.';
COMMENT ON COLUMN reconciler.v1_runs.duplicate IS 'Of these: with the address of another contact, which is the one that is synced.';
COMMENT ON COLUMN reconciler.v1_runs.rejected IS 'Of these: refused by Constant Contact.';
COMMENT ON COLUMN reconciler.v1_runs.deferred IS 'Of these: left for a later run.';
COMMENT ON COLUMN reconciler.v1_runs.in_doubt IS 'Of these: sent and not yet seen.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed_unsubscribed IS 'Kept off: unsubscribed.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed_left_list IS 'Kept off: left this list.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed_deleted_there IS 'Kept off: deleted by the list''s owner.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed_not_mailable IS 'Kept off: Constant Contact does not let them be mailed.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed_opted_out IS 'Kept off: opted out in the CRM.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed_out_of_scope IS 'Kept off: not eligible, or gone from the CRM.';
COMMENT ON COLUMN reconciler.v1_runs.suppressed_forgotten IS 'Kept off: erased by `reconciler forget`.';
COMMENT ON COLUMN reconciler.v1_runs.members_before IS 'Mailable people on the list before the run; NULL where no call was made, here and in the columns members_*.';
COMMENT ON COLUMN reconciler.v1_runs.members_added IS 'Put on the list by this run.';
COMMENT ON COLUMN reconciler.v1_runs.members_joined_elsewhere IS 'Came onto the list by another way.';
COMMENT ON COLUMN reconciler.v1_runs.members_left_elsewhere IS 'Went off the list by another way.';
COMMENT ON COLUMN reconciler.v1_runs.members_after IS 'Mailable people on the list after the run.';
COMMENT ON COLUMN reconciler.v1_runs.standing_contacts IS 'Contacts in the CRM, at the end of the run.';
COMMENT ON COLUMN reconciler.v1_runs.standing_on_list IS 'Of these: on the list.';
COMMENT ON COLUMN reconciler.v1_runs.standing_held_back IS 'Of these: not on the list, for any reason.';
COMMENT ON COLUMN reconciler.v1_runs.standing_members IS 'Mailable people on the list, as the mirror has them.';
COMMENT ON COLUMN reconciler.v1_runs.standing_from_crm IS 'Of these: wanted by the CRM.';
COMMENT ON COLUMN reconciler.v1_runs.standing_still_on_list IS 'Of these: no longer wanted by the CRM; nobody is removed.';
COMMENT ON COLUMN reconciler.v1_runs.standing_others IS 'Of these: not of the CRM.';
COMMENT ON COLUMN reconciler.v1_runs.contacts_balance IS 'Whether read + carried_in is the sum of the ten columns from unchanged to in_doubt.';
COMMENT ON COLUMN reconciler.v1_runs.members_balance IS 'Whether before + added + joined - left is after.';
COMMENT ON COLUMN reconciler.v1_runs.standing_balance IS 'Whether both sides of the standing add up.';
COMMENT ON COLUMN reconciler.v1_runs.field_refused IS 'Contacts of which a field was left out or not taken.';
COMMENT ON COLUMN reconciler.v1_runs.drifted IS 'Members whose values changed in Constant Contact while the CRM''s did not.';
COMMENT ON COLUMN reconciler.v1_runs.api_calls IS 'Requests to Constant Contact.';
COMMENT ON COLUMN reconciler.v1_runs.api_calls_left IS 'Requests that the API key had left on that day.';
COMMENT ON COLUMN reconciler.v1_runs.seconds_extract IS 'Time for reading the CRM; NULL where the stage did not take place, here and in the next four.';
COMMENT ON COLUMN reconciler.v1_runs.seconds_pull IS 'Time for reading Constant Contact.';
COMMENT ON COLUMN reconciler.v1_runs.seconds_diff IS 'Time for comparing.';
COMMENT ON COLUMN reconciler.v1_runs.seconds_push IS 'Time for sending.';
COMMENT ON COLUMN reconciler.v1_runs.seconds_verify IS 'Time for reading back.';
COMMENT ON COLUMN reconciler.v1_runs.behind_contacts IS 'Contacts that belonged on the list and waited when the run ended.';
COMMENT ON COLUMN reconciler.v1_runs.behind_oldest_seconds IS 'For how long the oldest of them had waited.';
COMMENT ON COLUMN reconciler.v1_runs.plan_digest IS 'Digest of the plan; NULL where there was none.';
COMMENT ON COLUMN reconciler.v1_runs.plan_added IS 'Additions that were planned.';
COMMENT ON COLUMN reconciler.v1_runs.plan_updated IS 'Updates that were planned.';
COMMENT ON COLUMN reconciler.v1_runs.problems IS 'Kinds of problems in the report.';
COMMENT ON COLUMN reconciler.v1_runs.rows_purged_at IS 'When its rows were deleted; NULL: they are there.';
COMMENT ON COLUMN reconciler.v1_runs.version IS 'The program''s version.';

CREATE VIEW reconciler.v1_run_rows AS
SELECT r.run_id, c.name AS connection, u.started_at, r.row_number, r.contact_id, reconciler.masked(nullif(r.email, '')) AS email,
       r.action, r.field, reconciler.veiled(r.before) AS before, reconciler.veiled(r.after) AS after, r.outcome, r.code,
       reconciler.veiled_message(r.code, r.message) AS message
FROM reconciler.run_rows AS r
JOIN reconciler.runs AS u ON u.run_id = r.run_id
JOIN reconciler.connections AS c ON c.connection_id = u.connection_id;
COMMENT ON VIEW reconciler.v1_run_rows IS 'What a run did to each contact, field by field, and what it left alone and why; masked. Kept for 30 days.';
COMMENT ON COLUMN reconciler.v1_run_rows.run_id IS 'The run.';
COMMENT ON COLUMN reconciler.v1_run_rows.connection IS 'The connection that ran, by name.';
COMMENT ON COLUMN reconciler.v1_run_rows.started_at IS 'When the run began.';
COMMENT ON COLUMN reconciler.v1_run_rows.row_number IS 'Counts the rows of a run, in their order.';
COMMENT ON COLUMN reconciler.v1_run_rows.contact_id IS 'The CRM''s id of the contact.';
COMMENT ON COLUMN reconciler.v1_run_rows.email IS 'The address at that time, masked; NULL where there was none.';
COMMENT ON COLUMN reconciler.v1_run_rows.action IS 'add, update, readdress or skip.';
COMMENT ON COLUMN reconciler.v1_run_rows.field IS 'The field that was changed or left out; NULL: the row is about the person.';
COMMENT ON COLUMN reconciler.v1_run_rows.before IS 'What stood there before, veiled.';
COMMENT ON COLUMN reconciler.v1_run_rows.after IS 'What was sent, veiled.';
COMMENT ON COLUMN reconciler.v1_run_rows.outcome IS 'verified, rejected, deferred, in_doubt or skipped.';
COMMENT ON COLUMN reconciler.v1_run_rows.code IS 'The reason, as a code; empty where there is nothing to say.';
COMMENT ON COLUMN reconciler.v1_run_rows.message IS 'The reason in words, without the values and addresses that some quote.';

CREATE VIEW reconciler.v1_run_values AS
SELECT r.run_id, c.name AS connection, u.started_at, r.row_number, r.contact_id, nullif(r.email, '') AS email,
       r.action, r.field, r.before, r.after, r.outcome, r.code, r.message
FROM reconciler.run_rows AS r
JOIN reconciler.runs AS u ON u.run_id = r.run_id
JOIN reconciler.connections AS c ON c.connection_id = u.connection_id;
COMMENT ON VIEW reconciler.v1_run_values IS 'The same rows with addresses and values in full: nobody may read it until somebody is granted it.';
COMMENT ON COLUMN reconciler.v1_run_values.run_id IS 'The run.';
COMMENT ON COLUMN reconciler.v1_run_values.connection IS 'The connection that ran, by name.';
COMMENT ON COLUMN reconciler.v1_run_values.started_at IS 'When the run began.';
COMMENT ON COLUMN reconciler.v1_run_values.row_number IS 'Counts the rows of a run, in their order.';
COMMENT ON COLUMN reconciler.v1_run_values.contact_id IS 'The CRM''s id of the contact.';
COMMENT ON COLUMN reconciler.v1_run_values.email IS 'The address at that time; NULL where there was none.';
COMMENT ON COLUMN reconciler.v1_run_values.action IS 'add, update, readdress or skip.';
COMMENT ON COLUMN reconciler.v1_run_values.field IS 'The field that was changed or left out; NULL: the row is about the person.';
COMMENT ON COLUMN reconciler.v1_run_values.before IS 'What stood there before.';
COMMENT ON COLUMN reconciler.v1_run_values.after IS 'What was sent.';
COMMENT ON COLUMN reconciler.v1_run_values.outcome IS 'verified, rejected, deferred, in_doubt or skipped.';
COMMENT ON COLUMN reconciler.v1_run_values.code IS 'The reason, as a code; empty where there is nothing to say.';
COMMENT ON COLUMN reconciler.v1_run_values.message IS 'The reason in words.';
