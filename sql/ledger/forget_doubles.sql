-- Delete contacts in whose place somebody stands already. Parameters: connection_id, among.
DELETE FROM reconciler.contacts WHERE connection_id = :connection_id AND contact_id = ANY (CAST(:among AS text[]));
