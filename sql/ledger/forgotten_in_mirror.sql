-- Contacts of the mirror whose address was forgotten: they came into it while somebody forgot it. Parameter: connection_id.
SELECT c.contact_id FROM reconciler.forgotten_addresses AS f
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.address_hash = f.address_hash;
