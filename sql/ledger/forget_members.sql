-- Of the members of some contacts keep what is kept of people whom the CRM does not have. Parameters: connection_id, among.
UPDATE reconciler.members AS m SET address = NULL, fields = NULL
FROM reconciler.contacts AS c
LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
WHERE c.connection_id = :connection_id AND c.contact_id = ANY (CAST(:among AS text[]))
  AND m.connection_id = c.connection_id AND (m.member_id = p.member_id OR m.address_hash = c.address_hash)
  AND (m.address IS NOT NULL OR m.fields IS NOT NULL);
