-- Whom the changes to push concern at Constant Contact: the member of each address, known or not, and everybody to whom
-- a contact of that address was linked under another one. Parameters: connection_id, run_id, only_adds, most.
WITH due AS (
    SELECT o.address, o.member_id, c.address_group
    FROM reconciler.plan_changes AS o
    JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = o.contact_id
    WHERE o.run_id = :run_id AND NOT o.is_sent AND (o.kind = 'add' OR (o.kind <> 'skip' AND NOT :only_adds))
)
SELECT CAST(d.member_id AS text) AS member_id, d.address FROM due AS d
UNION
SELECT CAST(p.member_id AS text), '' FROM due AS d
JOIN reconciler.contacts AS mate ON mate.connection_id = :connection_id AND mate.address_group = d.address_group
JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = mate.contact_id
WHERE p.member_id IS NOT NULL AND p.member_id IS DISTINCT FROM d.member_id
ORDER BY 1 NULLS FIRST, 2 LIMIT :most;
