-- Mark the contacts that the statement no longer returns. Nobody is removed anywhere because of it.
-- Parameters: connection_id; among (ids that were asked for, or NULL where everything was read).
UPDATE reconciler.contacts AS c SET gone_at = reconciler.clock(), changed_at = reconciler.clock(),
    is_unsure = CAST(:among AS text[]) IS NOT NULL
WHERE c.connection_id = :connection_id
  AND c.gone_at IS NULL
  AND (CAST(:among AS text[]) IS NULL OR c.contact_id = ANY (CAST(:among AS text[])))
  AND NOT EXISTS (SELECT FROM staged_contacts AS s WHERE s.contact_id = c.contact_id);
