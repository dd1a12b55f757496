-- Of the next candidates stage whoever is plainly to be added, as the diff would decide it: alone at their address, whom
-- nobody refuses, whom the account does not have, and of whom nothing is known from before. They are candidates no more.
-- Says up to where it looked, at how many groups, and how many contacts it staged.
-- Parameters: connection_id, after (the last group seen), size (how many groups), longest (address that an import takes).
WITH next_groups AS (
    SELECT g.address_group FROM candidate_groups AS g WHERE g.address_group > :after ORDER BY g.address_group LIMIT :size
), plain AS MATERIALIZED (
    SELECT c.contact_id, c.fields, c.address_group
    FROM next_groups AS g
    JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.address_group = g.address_group
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    WHERE char_length(c.address) BETWEEN 1 AND :longest AND c.fault = ''
      AND c.gone_at IS NULL AND c.eligible AND NOT c.opted_out AND NOT c.is_forgotten
      AND (p.contact_id IS NULL OR p.member_id IS NULL AND p.refused_fields = '{}' AND p.untaken = '{}')
      AND NOT EXISTS (SELECT FROM reconciler.contacts AS mate
                      WHERE mate.connection_id = c.connection_id AND mate.address_group = c.address_group
                        AND mate.contact_id <> c.contact_id)
      AND NOT EXISTS (SELECT FROM reconciler.members AS m
                      WHERE m.connection_id = c.connection_id AND m.address_hash = c.address_hash)
      AND NOT EXISTS (SELECT FROM reconciler.rejects AS r
                      WHERE r.connection_id = c.connection_id AND r.contact_id = c.contact_id)
), staged AS (
    INSERT INTO staged_decisions (contact_id, kind, verdict, message, "values", before, applied, shown, drifted, is_single,
                                  has_rest)
    SELECT p.contact_id, 'add', 'add', '', p.fields, '{}', p.fields, '{}', '{}', false, false FROM plain AS p
), decided AS (
    DELETE FROM candidate_groups AS g USING plain AS p WHERE g.address_group = p.address_group
)
SELECT (SELECT address_group FROM next_groups ORDER BY address_group DESC LIMIT 1) AS until,
       (SELECT count(*) FROM next_groups) AS groups, (SELECT count(*) FROM plain) AS contacts;
