-- Delete why some contacts were refused. Parameters: connection_id, among.
DELETE FROM reconciler.rejects WHERE connection_id = :connection_id AND contact_id = ANY (CAST(:among AS text[]));
