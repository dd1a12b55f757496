-- What the CRM itself had changed, so that a run that followed a wrong change can be taken back in the CRM.
ALTER TABLE reconciler.contacts ADD COLUMN formerly jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN reconciler.contacts.formerly IS 'What the CRM has changed since it was last decided for good: each field, and email, with the value it had then; blank: none.';

ALTER TABLE reconciler.run_rows ADD COLUMN formerly jsonb;
COMMENT ON COLUMN reconciler.run_rows.formerly IS 'On the first row of a change: what the CRM had changed for it, with the values it had before; NULL: nothing that is known.';

ALTER TABLE reconciler.connections ADD COLUMN is_remapped boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN reconciler.connections.is_remapped IS 'Whether the mirror of the CRM may still be one of an earlier mapping: a difference is then no change of the CRM.';

CREATE FUNCTION reconciler.crm_changed(old_address text, old_fields jsonb, old_refused jsonb,
                                       new_address text, new_fields jsonb, new_refused jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(f.field, coalesce(old_fields ->> f.field, '')), '{}')
           || CASE WHEN lower(old_address) NOT IN ('', lower(new_address)) THEN jsonb_build_object('email', old_address) ELSE '{}' END
    FROM jsonb_object_keys(old_fields || new_fields) AS f (field)
    -- Of a value that is left out only the reason is kept: it is not known.
    WHERE old_fields ->> f.field IS DISTINCT FROM new_fields ->> f.field
      AND NOT old_refused ? f.field AND NOT new_refused ? f.field
$$;
COMMENT ON FUNCTION reconciler.crm_changed IS 'The fields, and email, that the CRM has changed in a contact, each with the value it had.';
