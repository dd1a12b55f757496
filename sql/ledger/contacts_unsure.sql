-- Who was missing from a reading of some contacts only, and is not staged now. Parameter: connection_id.
SELECT c.contact_id FROM reconciler.contacts AS c
WHERE c.connection_id = :connection_id AND c.is_unsure
  AND NOT EXISTS (SELECT FROM staged_contacts AS s WHERE s.contact_id = c.contact_id)
ORDER BY c.contact_id;
