-- Programs from now on ask the notes. Connections from before have none of what was to be decided already: their first
-- run notes it. Older programs go on to look through everybody, by the function they know.

ALTER TABLE reconciler.connections ADD COLUMN has_notes boolean NOT NULL DEFAULT false;
ALTER TABLE reconciler.connections ALTER COLUMN has_notes SET DEFAULT true;
COMMENT ON COLUMN reconciler.connections.has_notes IS 'Whether everybody who may have to be decided is noted in candidates.';

-- Of several members of one address, as where somebody was deleted and made anew, the one counts that is decided on.
CREATE FUNCTION reconciler.noted(of_connection bigint)
RETURNS TABLE (contact_id text, address_group bytea)
LANGUAGE sql STABLE AS $$
    SELECT c.contact_id, c.address_group
    FROM (SELECT k.contact_id FROM reconciler.candidates AS k WHERE k.connection_id = of_connection
          UNION
          SELECT q.contact_id FROM reconciler.pairs AS q
          WHERE q.connection_id = of_connection AND q.look_again_at IS NOT NULL
            AND q.look_again_at <= (SELECT reconciler.clock())) AS s
    JOIN reconciler.contacts AS c ON c.connection_id = of_connection AND c.contact_id = s.contact_id
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    LEFT JOIN LATERAL (SELECT a.digest FROM reconciler.members AS a
                       WHERE a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                       ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
    LEFT JOIN reconciler.members AS l ON l.connection_id = c.connection_id AND l.member_id = p.member_id
    WHERE p.contact_digest IS DISTINCT FROM c.digest
       OR p.member_digest IS DISTINCT FROM (coalesce(m.digest, '') || coalesce(l.digest, ''))
       OR p.look_again_at IS NOT NULL AND p.look_again_at <= reconciler.clock()
       OR p.rejoin_at IS NOT NULL AND p.verdict IN ('left_list', 'deleted_there', 'unchanged')
$$;
COMMENT ON FUNCTION reconciler.noted IS 'Contacts to be decided: of those noted, whose pair was not decided on the digests it has now; and whose moment has come.';

CREATE FUNCTION reconciler.movers(of_connection bigint)
RETURNS TABLE (contact_id text, member_id uuid, leaves bytea, takes bytea)
LANGUAGE sql STABLE AS $$
    SELECT p.contact_id, l.member_id, l.address_hash, c.address_hash
    FROM reconciler.pairs AS p
    JOIN reconciler.contacts AS c ON c.connection_id = p.connection_id AND c.contact_id = p.contact_id
    JOIN reconciler.members AS l ON l.connection_id = p.connection_id AND l.member_id = p.member_id
    WHERE p.connection_id = of_connection AND c.address_hash <> l.address_hash
      AND c.gone_at IS NULL AND c.eligible AND NOT c.opted_out
      AND l.status IN ('explicit', 'implicit') AND l.left_at IS NULL
      -- Who got another first and last name with the address is another person.
      AND NOT (lower(c.fields ->> 'first_name') <> lower(l.fields ->> 'first_name')
               AND lower(c.fields ->> 'last_name') <> lower(l.fields ->> 'last_name')) IS TRUE
      -- Not who has left this member to another contact.
      AND NOT EXISTS (SELECT FROM reconciler.pairs AS q
                      JOIN reconciler.contacts AS d ON d.connection_id = q.connection_id AND d.contact_id = q.contact_id
                      WHERE q.connection_id = p.connection_id AND q.member_id = p.member_id
                        AND q.contact_id <> p.contact_id AND d.gone_at IS NULL
                        AND q.verdict IN ('unchanged', 'add', 'update', 'readdress'))
      AND NOT (p.contact_digest = c.digest
               AND p.verdict IN ('duplicate', 'opted_out', 'rejected', 'unsubscribed', 'left_list', 'deleted_there',
                                 'not_mailable')) IS TRUE
$$;
COMMENT ON FUNCTION reconciler.movers IS 'Contacts that want another address than the member has to whom they are linked: which one it leaves, and which it takes.';
