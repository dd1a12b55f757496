-- Some contacts and all that share an address with one of them. Parameters: connection_id, among.
SELECT DISTINCT mate.contact_id
FROM unnest(CAST(:among AS text[])) AS a (contact_id)
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = a.contact_id COLLATE "C"
JOIN reconciler.contacts AS mate ON mate.connection_id = c.connection_id AND mate.address_group = c.address_group
WHERE mate.gone_at IS NULL
ORDER BY mate.contact_id;
