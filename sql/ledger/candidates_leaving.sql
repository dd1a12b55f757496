-- Of the members at the candidates' addresses find those who are about to get another one: their contact has one that
-- nobody has, or that is about to become free itself. In a swap nobody has to leave first. Lasts for the transaction.
-- Parameter: connection_id.
CREATE TEMPORARY TABLE leaving_members ON COMMIT DROP AS
WITH RECURSIVE asked AS (
    SELECT l.member_id, c.address_hash AS takes
    FROM candidate_groups AS g
    JOIN reconciler.members AS l ON l.connection_id = :connection_id AND l.address_hash = g.address_group
    JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.member_id = l.member_id
    JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = p.contact_id
    WHERE c.address_hash <> l.address_hash
    UNION
    -- Whether they can leave depends on who is at the address that they take.
    SELECT l.member_id, c.address_hash
    FROM asked AS s
    JOIN reconciler.members AS l ON l.connection_id = :connection_id AND l.address_hash = s.takes
    JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.member_id = l.member_id
    JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = p.contact_id
    WHERE c.address_hash <> l.address_hash
), movers AS (
    -- OFFSET 0: few are asked for, which is not known when this is planned. Joined, all pairs would be read for them.
    SELECT m.* FROM (SELECT DISTINCT member_id FROM asked) AS s
    CROSS JOIN LATERAL (SELECT * FROM reconciler.movers(:connection_id) AS v WHERE v.member_id = s.member_id OFFSET 0) AS m
), leaving AS (
    SELECT m.contact_id, m.member_id, m.leaves FROM movers AS m
    WHERE NOT EXISTS (SELECT FROM reconciler.members AS a
                      WHERE a.connection_id = :connection_id AND a.address_hash = m.takes)
    UNION
    SELECT m.contact_id, m.member_id, m.leaves FROM movers AS m JOIN leaving AS v ON v.leaves = m.takes
)
SELECT contact_id, member_id FROM leaving;
