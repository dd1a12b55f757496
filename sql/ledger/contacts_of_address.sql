-- The ids of a connection's contacts with this address, those that are still there first. Parameters: connection_id,
-- address_hash.
SELECT contact_id FROM reconciler.contacts
WHERE connection_id = :connection_id AND address_hash = :address_hash
ORDER BY gone_at IS NOT NULL, contact_id LIMIT 20;
