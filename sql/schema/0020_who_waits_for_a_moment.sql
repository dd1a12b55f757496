-- Most contacts wait for no moment: what time it is has to be asked for those only that do.

CREATE OR REPLACE FUNCTION reconciler.to_decide(of_connection bigint, sweep boolean, clears boolean)
RETURNS TABLE (contact_id text, address_group bytea)
LANGUAGE sql STABLE AS $$
    SELECT c.contact_id, c.address_group
    FROM reconciler.contacts AS c
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    LEFT JOIN reconciler.members AS m ON m.connection_id = c.connection_id AND m.address_hash = c.address_hash
    LEFT JOIN reconciler.members AS l ON l.connection_id = c.connection_id AND l.member_id = p.member_id
    WHERE c.connection_id = of_connection
      AND (p.contact_digest IS DISTINCT FROM c.digest
           OR p.member_digest IS DISTINCT FROM (coalesce(m.digest, '') || coalesce(l.digest, ''))
           OR p.look_again_at IS NOT NULL AND p.look_again_at <= reconciler.clock()
           OR p.rejoin_at IS NOT NULL AND p.verdict IN ('left_list', 'deleted_there', 'unchanged')
           OR sweep AND (c.gone_at IS NULL OR p.verdict IS DISTINCT FROM 'out_of_scope')
              AND (NOT clears AND p.verdict = 'unchanged' AND p.member_id = m.member_id
                   AND c.gone_at IS NULL AND c.eligible AND NOT c.opted_out AND NOT c.is_forgotten
                   AND c.fault = '' AND c.refused = '{}'
                   AND m.on_list AND m.status IN ('explicit', 'implicit') AND m.left_at IS NULL AND m.absent_at IS NULL
                   AND m.opted_out_at IS NULL AND m.occupied = '{}'
                   AND m.fields @> c.fields AND p.applied = c.fields
                   AND p.shown = '{}' AND p.drifted = '{}' AND p.refused_fields = '{}' AND p.untaken = '{}'
                   AND p.rejoin_at IS NULL
                   AND NOT EXISTS (SELECT FROM reconciler.rejects AS r
                                   WHERE r.connection_id = c.connection_id AND r.contact_id = c.contact_id)
                  ) IS NOT TRUE)
$$;
