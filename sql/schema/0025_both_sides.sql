-- A report counts both sides: how each contact stands is worked out once for both.

CREATE FUNCTION reconciler.both_stand(of_connection bigint)
RETURNS TABLE (side text, member_id uuid, address_hash bytea, address text, place text) LANGUAGE sql STABLE AS $$
    WITH stands AS MATERIALIZED (SELECT * FROM reconciler.stands(of_connection)),
    -- Joined: looked up one by one, those of a big list are gone through for each member that is a stranger.
    theirs AS (SELECT s.member_id, bool_or(s.place = 'on_list' AND s.is_in_crm) AS is_wanted
               FROM stands AS s WHERE s.member_id IS NOT NULL GROUP BY s.member_id)
    SELECT 'crm', s.member_id, NULL, NULL, s.place FROM stands AS s WHERE s.is_in_crm
    UNION ALL
    SELECT 'list', m.member_id, m.address_hash, m.address, CASE
        WHEN t.is_wanted THEN 'from_crm'
        WHEN m.linked_at IS NOT NULL OR t.member_id IS NOT NULL
            OR EXISTS (SELECT FROM reconciler.contacts AS c
                       WHERE c.connection_id = m.connection_id AND c.address_hash = m.address_hash) THEN 'still_on_list'
        ELSE 'others' END
    FROM reconciler.members AS m LEFT JOIN theirs AS t ON t.member_id = m.member_id
    WHERE m.connection_id = of_connection AND m.on_list AND m.absent_at IS NULL AND m.status IN ('explicit', 'implicit')
$$;
COMMENT ON FUNCTION reconciler.both_stand IS 'Every contact that is in the CRM, and every mailable member on the list of a connection, each with the one place where it stands; side: crm or list.';

CREATE OR REPLACE FUNCTION reconciler.list_stands(of_connection bigint)
RETURNS TABLE (member_id uuid, address_hash bytea, address text, place text) LANGUAGE sql STABLE AS $$
    SELECT b.member_id, b.address_hash, b.address, b.place FROM reconciler.both_stand(of_connection) AS b
    WHERE b.side = 'list'
$$;
