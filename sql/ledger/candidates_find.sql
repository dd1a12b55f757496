-- Find the address groups with a contact whose pair was not decided on these digests, or is to be looked at again: of
-- those who are noted. In a sweep of all, and whoever is not plainly the same on both sides, value by value.
-- Whose contact or address is in an unsettled batch waits for it. Lasts for the transaction.
-- Parameters: connection_id, sweep, clears (whether blank fields clear any), among (contact ids, or NULL for all).
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
SELECT u.address_group
FROM (SELECT n.contact_id, n.address_group FROM reconciler.noted(:connection_id) AS n WHERE NOT :sweep
      UNION ALL
      SELECT d.contact_id, d.address_group FROM reconciler.to_decide(:connection_id, true, :clears) AS d WHERE :sweep) AS u
WHERE (CAST(:among AS text[]) IS NULL OR u.contact_id = ANY (CAST(:among AS text[])))
  AND NOT EXISTS (SELECT FROM held AS h WHERE h.address_group = u.address_group)
GROUP BY u.address_group;
