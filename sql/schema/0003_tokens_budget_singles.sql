-- Tokens that end and are renewed, one budget row per API key, contacts written one by one, people let back in.

ALTER TABLE reconciler.accounts
    ADD COLUMN token_ends_at timestamptz,
    ADD COLUMN refresh_token_used_at timestamptz,
    ADD COLUMN refresh_unanswered_at timestamptz;
COMMENT ON COLUMN reconciler.accounts.token_ends_at IS 'When the access token ends at the latest; NULL: not known.';
COMMENT ON COLUMN reconciler.accounts.refresh_token_used_at IS 'When the refresh token was given or last used: after 180 idle days it is stale.';
COMMENT ON COLUMN reconciler.accounts.refresh_unanswered_at IS 'When a refresh was asked for and no answer came: a rotating refresh token may be used up by it.';
-- Tokens that were given to an earlier version last a day, as all do that nothing renews.
UPDATE reconciler.accounts
SET token_ends_at = token_stored_at + interval '24 hours',
    refresh_token_used_at = CASE WHEN refresh_token_sealed IS NOT NULL THEN token_stored_at END;

ALTER TABLE reconciler.connections
    ADD COLUMN custom_field_types jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN missed_since timestamptz;
COMMENT ON COLUMN reconciler.connections.custom_field_types IS 'The types of the mapped custom fields, as the account has them: name to type.';
COMMENT ON COLUMN reconciler.connections.missed_since IS 'Connected again after it had been disconnected since this time; NULL once a run has caught up and said so.';

CREATE TABLE reconciler.api_budgets (
    key_fingerprint bytea PRIMARY KEY,
    day date NOT NULL,
    calls integer NOT NULL,
    next_at timestamptz NOT NULL,
    slowed_until timestamptz,
    spent_on date
);
COMMENT ON TABLE reconciler.api_budgets IS 'What each API key may still spend: one row, which all processes share.';
COMMENT ON COLUMN reconciler.api_budgets.key_fingerprint IS 'Keyed hash of the API key.';
COMMENT ON COLUMN reconciler.api_budgets.day IS 'The UTC day of the last reserved slot.';
COMMENT ON COLUMN reconciler.api_budgets.calls IS 'Slots reserved on that day.';
COMMENT ON COLUMN reconciler.api_budgets.next_at IS 'The last reserved slot; the next is a spacing later, and not in the past.';
COMMENT ON COLUMN reconciler.api_budgets.slowed_until IS 'Until when slots are twice as far apart, because Constant Contact said that we were too fast.';
COMMENT ON COLUMN reconciler.api_budgets.spent_on IS 'The UTC day on which Constant Contact said that its daily limit is reached.';
INSERT INTO reconciler.api_budgets (key_fingerprint, day, calls, next_at)
SELECT DISTINCT ON (key_fingerprint) key_fingerprint, day, calls, next_at
FROM reconciler.api_usage ORDER BY key_fingerprint, day DESC;
DROP TABLE reconciler.api_usage;

ALTER TABLE reconciler.pairs
    ADD COLUMN untaken jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN rejoin_at timestamptz,
    ADD COLUMN rejoin_basis text;
COMMENT ON COLUMN reconciler.pairs.untaken IS 'Fields that an import did not take, with the value: a single write tries once more.';
COMMENT ON COLUMN reconciler.pairs.rejoin_at IS 'Since when they may come back although they left or were deleted there; NULL: they may not.';
COMMENT ON COLUMN reconciler.pairs.rejoin_basis IS 'Why they may, in the words of who said so.';

ALTER TABLE reconciler.members ADD COLUMN linked_at timestamptz;
COMMENT ON COLUMN reconciler.members.linked_at IS 'When a contact of the CRM was first matched with it; on the list and nobody''s now: still there though not wanted.';

ALTER TABLE reconciler.rejects ADD COLUMN again_at timestamptz;
COMMENT ON COLUMN reconciler.rejects.again_at IS 'When it is tried again although nothing changed; NULL: not before it changes.';

ALTER TABLE reconciler.plan_changes
    ADD COLUMN is_single boolean NOT NULL DEFAULT false,
    ADD COLUMN has_rest boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reconciler.plan_changes.is_single IS 'Whether it goes by a call of its own, because an import can''t do it.';
COMMENT ON COLUMN reconciler.plan_changes.has_rest IS 'Whether something is left that only a call of its own can do.';

ALTER TABLE reconciler.batches ADD COLUMN is_single boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reconciler.batches.is_single IS 'Not an import but one contact, written by a call of its own.';
-- How many were written singly in the last day.
CREATE INDEX batches_single ON reconciler.batches (connection_id, intended_at) WHERE is_single;

ALTER TABLE reconciler.batch_contacts
    ADD COLUMN address text,
    ADD COLUMN former_hash bytea,
    ADD COLUMN has_rest boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT batch_contacts_kind_check,
    ADD CONSTRAINT batch_contacts_kind_check CHECK (kind IN ('add', 'update', 'readdress'));
COMMENT ON COLUMN reconciler.batch_contacts.address IS 'The address as it was sent; NULL once its outcome is known.';
COMMENT ON COLUMN reconciler.batch_contacts.former_hash IS 'Keyed hash of the address that a changed one leaves: it is held too.';
COMMENT ON COLUMN reconciler.batch_contacts.has_rest IS 'Whether something is left that only a call of its own can do: decided again once this is seen.';
COMMENT ON COLUMN reconciler.batch_contacts.kind IS 'add, update or readdress.';

ALTER TABLE reconciler.members ADD COLUMN occupied jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN reconciler.members.occupied IS 'How many places are filled there by what is not ours: phones of other kinds, other custom fields; and lists, where they are as many as a contact can be on.';

-- A contact has at most 3 phones and 25 custom fields (provider's contract, ContactResource). What an import does with
-- more is not documented, so more is never sent.
CREATE FUNCTION reconciler.surplus(wanted jsonb, there jsonb, occupied jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(f.field, CASE WHEN f.is_custom
               THEN 'the contact has 25 custom fields there, and there is no place for another'
               ELSE 'the contact has 3 phones there, and there is no place for another' END), '{}')
    FROM (SELECT w.field, w.field LIKE 'cf\_%' AS is_custom,
                 row_number() OVER (PARTITION BY w.field LIKE 'cf\_%'
                                    ORDER BY array_position(ARRAY['mobile_phone', 'work_phone', 'home_phone'], w.field),
                                             w.field) AS place
          FROM jsonb_object_keys(wanted) AS w (field)
          WHERE (w.field LIKE 'cf\_%' OR w.field LIKE '%phone') AND NOT there ? w.field) AS f
    CROSS JOIN (SELECT count(*) FILTER (WHERE t.field LIKE 'cf\_%') AS custom_fields,
                       count(*) FILTER (WHERE t.field NOT LIKE 'cf\_%' AND t.field LIKE '%phone') AS phones
                FROM jsonb_object_keys(there) AS t (field)) AS has
    WHERE f.place > CASE WHEN f.is_custom
        THEN 25 - has.custom_fields - coalesce(CAST(occupied ->> 'custom_fields' AS integer), 0)
        ELSE 3 - has.phones - coalesce(CAST(occupied ->> 'phones' AS integer), 0) END
$$;
COMMENT ON FUNCTION reconciler.surplus IS 'The wanted fields for which a member has no place, each with the reason.';
