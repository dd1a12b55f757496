-- Which of some contacts are in an unsettled batch. Parameters: connection_id, among.
SELECT b.contact_id FROM reconciler.batch_contacts AS b
WHERE b.connection_id = :connection_id AND NOT b.settled AND b.contact_id = ANY (CAST(:among AS text[]));
