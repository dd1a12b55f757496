-- A contact that moves to another address may have been the one chosen among duplicates of the old one:
-- the others are decided anew. Runs before the merge. Parameter: connection_id.
UPDATE reconciler.pairs AS p SET contact_digest = NULL
FROM staged_contacts AS s
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = s.contact_id
JOIN reconciler.contacts AS mate ON mate.connection_id = :connection_id AND mate.address_hash = c.address_hash
WHERE c.address_hash IS DISTINCT FROM s.address_hash
  AND p.connection_id = :connection_id AND p.contact_id = mate.contact_id;
