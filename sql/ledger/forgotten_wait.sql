-- Contacts that are to be forgotten once their import is settled are no longer wanted. Parameters: connection_id, among.
UPDATE reconciler.contacts SET gone_at = reconciler.clock(), changed_at = reconciler.clock()
WHERE connection_id = :connection_id AND contact_id = ANY (CAST(:among AS text[])) AND gone_at IS NULL;
