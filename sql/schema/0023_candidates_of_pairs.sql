-- Oldest program: 0018
-- Who may have to be decided because of their pair. Nothing is taken from any program by it.

-- Whoever is not there any more, as who was forgotten meanwhile, leaves no note behind.
CREATE FUNCTION reconciler.note_candidates_of_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reconciler.keep_notes(w.connection_id) FROM (SELECT DISTINCT connection_id FROM written) AS w;
    INSERT INTO reconciler.candidates (connection_id, contact_id)
    SELECT c.connection_id, c.contact_id
    FROM written AS w
    JOIN reconciler.contacts AS c ON c.connection_id = w.connection_id AND c.contact_id = w.contact_id
    WHERE EXISTS (SELECT FROM reconciler.connections AS n WHERE n.connection_id = w.connection_id);
    DELETE FROM reconciler.candidates AS k USING written AS w
    WHERE k.connection_id = w.connection_id AND k.contact_id = w.contact_id
      AND NOT EXISTS (SELECT FROM reconciler.contacts AS c
                      WHERE c.connection_id = w.connection_id AND c.contact_id = w.contact_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.note_candidates_of_pairs IS 'Notes the contacts, where they are still there, of pairs that are gone.';

-- A pair that was open until now is given the digests of what is there, or of what was sent: who has changed since is
-- noted already.
CREATE TRIGGER note_changed_pair AFTER UPDATE ON reconciler.pairs FOR EACH ROW
WHEN (OLD.contact_digest IS NOT NULL
        AND (NEW.contact_digest, NEW.member_id) IS DISTINCT FROM (OLD.contact_digest, OLD.member_id)
      OR OLD.member_digest IS NOT NULL AND NEW.member_digest IS DISTINCT FROM OLD.member_digest
      OR NEW.rejoin_at IS NOT NULL AND (OLD.rejoin_at IS NULL OR OLD.verdict IS DISTINCT FROM NEW.verdict))
EXECUTE FUNCTION reconciler.note_candidate();
CREATE TRIGGER note_contacts_of_pairs_gone AFTER DELETE ON reconciler.pairs
REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION reconciler.note_candidates_of_pairs();
