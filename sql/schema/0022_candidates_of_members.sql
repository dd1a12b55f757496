-- Oldest program: 0018
-- Who may have to be decided because of their member. A table's triggers are a migration of their own: it waits for no
-- other table while it holds this one. Nothing is taken from any program by it.

CREATE FUNCTION reconciler.note_candidates_of_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reconciler.keep_notes(NEW.connection_id);
    INSERT INTO reconciler.candidates (connection_id, contact_id)
    SELECT NEW.connection_id, f.contact_id
    FROM (SELECT c.contact_id FROM reconciler.contacts AS c
          WHERE c.connection_id = NEW.connection_id AND c.address_hash IN (OLD.address_hash, NEW.address_hash)
          UNION
          SELECT p.contact_id FROM reconciler.pairs AS p
          WHERE p.connection_id = NEW.connection_id AND p.member_id = NEW.member_id) AS f
    WHERE NOT EXISTS (SELECT FROM reconciler.candidates AS k
                      WHERE k.connection_id = NEW.connection_id AND k.contact_id = f.contact_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.note_candidates_of_member IS 'Notes the contacts that a member who has changed belongs to: by the address, before and after, and by the link.';

-- EXECUTE: how many are written differs from statement to statement, and the plan with it.
-- Where a connection is erased, its contacts go with it: nothing is noted of them.
CREATE FUNCTION reconciler.note_candidates_of_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reconciler.keep_notes(w.connection_id) FROM (SELECT DISTINCT connection_id FROM written) AS w;
    EXECUTE '
        INSERT INTO reconciler.candidates (connection_id, contact_id)
        SELECT f.connection_id, f.contact_id
        FROM (SELECT c.connection_id, c.contact_id
              FROM written AS w
              JOIN reconciler.contacts AS c ON c.connection_id = w.connection_id AND c.address_hash = w.address_hash
              UNION
              SELECT p.connection_id, p.contact_id
              FROM written AS w
              JOIN reconciler.pairs AS p ON p.connection_id = w.connection_id AND p.member_id = w.member_id) AS f
        WHERE EXISTS (SELECT FROM reconciler.connections AS n WHERE n.connection_id = f.connection_id)
          AND NOT EXISTS (SELECT FROM reconciler.candidates AS k
                          WHERE k.connection_id = f.connection_id AND k.contact_id = f.contact_id)';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION reconciler.note_candidates_of_members IS 'Notes the contacts that many members belong to who are new or gone.';

CREATE TRIGGER note_contacts_of_new_members AFTER INSERT ON reconciler.members
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION reconciler.note_candidates_of_members();
CREATE TRIGGER note_contacts_of_changed_member AFTER UPDATE ON reconciler.members FOR EACH ROW
WHEN ((OLD.digest, OLD.address_hash) IS DISTINCT FROM (NEW.digest, NEW.address_hash))
EXECUTE FUNCTION reconciler.note_candidates_of_member();
CREATE TRIGGER note_contacts_of_members_gone AFTER DELETE ON reconciler.members
REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION reconciler.note_candidates_of_members();
