-- Delete what was sent to an address, where its outcome is known. Parameters: connection_id, address_hash.
DELETE FROM reconciler.batch_contacts
WHERE connection_id = :connection_id AND settled AND :address_hash IN (address_hash, former_hash);
