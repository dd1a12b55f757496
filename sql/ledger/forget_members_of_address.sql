-- The same of members by the hash of their address. Parameters: connection_id, address_hash.
UPDATE reconciler.members SET address = NULL, fields = NULL
WHERE connection_id = :connection_id AND address_hash = :address_hash AND (address IS NOT NULL OR fields IS NOT NULL);
