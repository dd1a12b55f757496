-- Oldest program: 0018
-- Who may have to be decided is noted where something of them changes, by whatever program: a tick looks at those few,
-- and not through everybody. The ledger itself notes it, so that nobody who writes has to remember. Nothing is taken from
-- any program by it; none of before 0018 was released.

-- No key: who notes somebody waits for nobody else who does. Of notes of the same contact one is as good as many.
CREATE TABLE reconciler.candidates (
    connection_id bigint NOT NULL,
    contact_id text COLLATE "C" NOT NULL
);
CREATE INDEX candidates_by_contact ON reconciler.candidates (connection_id, contact_id);
COMMENT ON TABLE reconciler.candidates IS 'Contacts that may have to be decided: something of them, of their pair or of their member has changed. Who is not here has been decided, but for those whose moment has come.';
COMMENT ON COLUMN reconciler.candidates.connection_id IS 'Whose contact it is.';
COMMENT ON COLUMN reconciler.candidates.contact_id IS 'The contact.';

-- Whoever may write contacts may write their notes: older programs, by their own roles, know nothing of them.
DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT a.privilege_type, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE CAST(CAST(a.grantee AS regrole) AS text) END AS who
        FROM pg_class AS t CROSS JOIN LATERAL aclexplode(t.relacl) AS a
        WHERE t.oid = CAST('reconciler.contacts' AS regclass)
    LOOP
        EXECUTE format('GRANT %s ON reconciler.candidates TO %s', granted.privilege_type, granted.who);
    END LOOP;
END
$$;

CREATE FUNCTION reconciler.keep_notes(of_connection bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared(hashtextextended('sage-reconciler candidates', of_connection))
$$;
COMMENT ON FUNCTION reconciler.keep_notes IS 'Keeps a connection''s notes from being struck off until this transaction has ended: whoever strikes them off would not see yet what it changes.';

CREATE FUNCTION reconciler.note_candidate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reconciler.keep_notes(NEW.connection_id);
    INSERT INTO reconciler.candidates (connection_id, contact_id)
    SELECT NEW.connection_id, NEW.contact_id
    WHERE NOT EXISTS (SELECT FROM reconciler.candidates AS k
                      WHERE k.connection_id = NEW.connection_id AND k.contact_id = NEW.contact_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.note_candidate IS 'Notes the contact of a contact or a pair that has changed.';

CREATE FUNCTION reconciler.note_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reconciler.keep_notes(w.connection_id) FROM (SELECT DISTINCT connection_id FROM written) AS w;
    INSERT INTO reconciler.candidates (connection_id, contact_id) SELECT w.connection_id, w.contact_id FROM written AS w;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.note_candidates IS 'Notes contacts that are new.';

CREATE FUNCTION reconciler.forget_candidate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM reconciler.candidates WHERE connection_id = OLD.connection_id AND contact_id = OLD.contact_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.forget_candidate IS 'Removes the note of a contact that is called otherwise from now on.';

CREATE FUNCTION reconciler.forget_candidates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM reconciler.candidates AS k USING written AS w
    WHERE k.connection_id = w.connection_id AND k.contact_id = w.contact_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.forget_candidates IS 'Removes the notes of contacts that are gone.';

CREATE TRIGGER note_new_contacts AFTER INSERT ON reconciler.contacts
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION reconciler.note_candidates();
CREATE TRIGGER note_changed_contact AFTER UPDATE ON reconciler.contacts FOR EACH ROW
WHEN ((OLD.contact_id, OLD.digest, OLD.address_group) IS DISTINCT FROM (NEW.contact_id, NEW.digest, NEW.address_group))
EXECUTE FUNCTION reconciler.note_candidate();
-- Nothing is kept of who was forgotten, nor of who is gone, with their connection or by themselves.
CREATE TRIGGER forget_note_of_renamed_contact AFTER UPDATE ON reconciler.contacts FOR EACH ROW
WHEN (OLD.contact_id <> NEW.contact_id) EXECUTE FUNCTION reconciler.forget_candidate();
CREATE TRIGGER forget_notes_of_contacts_gone AFTER DELETE ON reconciler.contacts
REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION reconciler.forget_candidates();
