-- Find the address groups with a contact whose pair was not decided on these digests, or is to be looked at again.
-- Whose contact or address is in an unsettled batch waits for it. Lasts for the transaction.
-- Parameters: connection_id, sweep (every pair), among (contact ids, or NULL for all).
CREATE TEMPORARY TABLE candidate_groups ON COMMIT DROP AS
WITH held AS (
    SELECT b.address_hash AS address_group FROM reconciler.batch_contacts AS b
    WHERE b.connection_id = :connection_id AND NOT b.settled
    UNION
    SELECT b.former_hash FROM reconciler.batch_contacts AS b
    WHERE b.connection_id = :connection_id AND NOT b.settled AND b.former_hash IS NOT NULL
    UNION
    SELECT c.address_group FROM reconciler.batch_contacts AS b
    JOIN reconciler.contacts AS c ON c.connection_id = b.connection_id AND c.contact_id = b.contact_id
    WHERE b.connection_id = :connection_id AND NOT b.settled
)
SELECT c.address_group
FROM reconciler.contacts AS c
LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
LEFT JOIN reconciler.members AS m ON m.connection_id = c.connection_id AND m.address_hash = c.address_hash
LEFT JOIN reconciler.members AS l ON l.connection_id = c.connection_id AND l.member_id = p.member_id
WHERE c.connection_id = :connection_id
  AND (CAST(:among AS text[]) IS NULL OR c.contact_id = ANY (CAST(:among AS text[])))
  AND (:sweep AND (c.gone_at IS NULL OR p.verdict IS DISTINCT FROM 'out_of_scope')
       OR p.contact_digest IS DISTINCT FROM c.digest
       OR p.member_digest IS DISTINCT FROM (coalesce(m.digest, '') || coalesce(l.digest, ''))
       OR p.look_again_at <= reconciler.clock()
       OR p.rejoin_at IS NOT NULL AND p.verdict IN ('left_list', 'deleted_there', 'unchanged'))
  AND NOT EXISTS (SELECT FROM held AS h WHERE h.address_group = c.address_group)
GROUP BY c.address_group;
