-- What a tick looks for before it takes a lease: whether anything waits to be decided.

CREATE FUNCTION reconciler.undecided(of_connection bigint, sweep boolean DEFAULT false)
RETURNS TABLE (contact_id text, address_group bytea)
LANGUAGE sql STABLE AS $$
    SELECT c.contact_id, c.address_group
    FROM reconciler.contacts AS c
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    LEFT JOIN reconciler.members AS m ON m.connection_id = c.connection_id AND m.address_hash = c.address_hash
    LEFT JOIN reconciler.members AS l ON l.connection_id = c.connection_id AND l.member_id = p.member_id
    WHERE c.connection_id = of_connection
      AND (sweep AND (c.gone_at IS NULL OR p.verdict IS DISTINCT FROM 'out_of_scope')
           OR p.contact_digest IS DISTINCT FROM c.digest
           OR p.member_digest IS DISTINCT FROM (coalesce(m.digest, '') || coalesce(l.digest, ''))
           OR p.look_again_at <= reconciler.clock()
           OR p.rejoin_at IS NOT NULL AND p.verdict IN ('left_list', 'deleted_there', 'unchanged'))
$$;
COMMENT ON FUNCTION reconciler.undecided IS 'Contacts whose pair was not decided on the digests it has now, or is to be looked at again; in a sweep every pair.';

CREATE INDEX runs_unfinished ON reconciler.runs (connection_id) WHERE state IS NULL;
