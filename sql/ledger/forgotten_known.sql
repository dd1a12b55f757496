-- The hashes of who was forgotten: of addresses, and of one connection's contacts. Parameter: connection_id.
SELECT a.address_hash AS hash, true AS is_address FROM reconciler.forgotten_addresses AS a
UNION ALL
SELECT c.contact_hash, false FROM reconciler.forgotten_contacts AS c WHERE c.connection_id = :connection_id;
