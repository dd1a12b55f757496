-- Delete what was sent of some contacts, where its outcome is known. Parameters: connection_id, among.
DELETE FROM reconciler.batch_contacts
WHERE connection_id = :connection_id AND settled AND contact_id = ANY (CAST(:among AS text[]));
