-- How many contacts the CRM statement returned when it was last read: all, or of some.
-- Parameters: connection_id, among (contact ids, or NULL for all).
SELECT count(*) FROM reconciler.contacts
WHERE connection_id = :connection_id AND gone_at IS NULL
  AND (CAST(:among AS text[]) IS NULL OR contact_id = ANY (CAST(:among AS text[])));
