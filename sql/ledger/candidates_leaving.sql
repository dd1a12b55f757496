-- Find the members who are about to get another address: their contact has one that nobody has, or that is about to
-- become free itself. In a swap nobody has to leave first. Who got another first and last name with the address is
-- another person. Lasts for the transaction. Parameter: connection_id.
CREATE TEMPORARY TABLE leaving_members ON COMMIT DROP AS
WITH RECURSIVE movers AS (
    SELECT p.contact_id, l.member_id, l.address_hash AS leaves, c.address_hash AS takes
    FROM reconciler.pairs AS p
    JOIN reconciler.contacts AS c ON c.connection_id = p.connection_id AND c.contact_id = p.contact_id
    JOIN reconciler.members AS l ON l.connection_id = p.connection_id AND l.member_id = p.member_id
    WHERE p.connection_id = :connection_id AND c.address_hash <> l.address_hash
      AND c.gone_at IS NULL AND c.eligible AND NOT c.opted_out
      AND l.status IN ('explicit', 'implicit') AND l.left_at IS NULL
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
), leaving AS (
    SELECT m.contact_id, m.member_id, m.leaves FROM movers AS m
    WHERE NOT EXISTS (SELECT FROM reconciler.members AS a
                      WHERE a.connection_id = :connection_id AND a.address_hash = m.takes)
    UNION
    SELECT m.contact_id, m.member_id, m.leaves FROM movers AS m JOIN leaving AS v ON v.leaves = m.takes
)
SELECT contact_id, member_id FROM leaving;
