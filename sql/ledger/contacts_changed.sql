-- Which of some contacts changed in the mirror since a moment of our clock. Parameters: connection_id, since, among.
SELECT contact_id FROM reconciler.contacts
WHERE connection_id = :connection_id AND changed_at >= :since AND contact_id = ANY (CAST(:among AS text[]))
ORDER BY contact_id;
