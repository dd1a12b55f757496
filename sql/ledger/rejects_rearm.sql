-- Try again what was refused, as if for the first time: some contacts, or all; refused fields too, or not. Says whose.
-- Parameters: connection_id, among (contact ids, or NULL for all), with_fields.
WITH rearmed AS (
    UPDATE reconciler.rejects SET again_at = reconciler.clock(), attempts = 0
    WHERE connection_id = :connection_id
      AND (CAST(:among AS text[]) IS NULL OR contact_id = ANY (CAST(:among AS text[])))
    RETURNING contact_id
), reopened AS (
    UPDATE reconciler.pairs
    SET contact_digest = NULL, refused_fields = CASE WHEN :with_fields THEN '{}' ELSE refused_fields END
    WHERE connection_id = :connection_id
      AND (verdict IN ('rejected', 'needs_single_write', 'too_many_lists') OR :with_fields AND refused_fields <> '{}')
      AND (CAST(:among AS text[]) IS NULL OR contact_id = ANY (CAST(:among AS text[])))
    RETURNING contact_id
)
SELECT contact_id FROM rearmed UNION SELECT contact_id FROM reopened ORDER BY contact_id;
