-- Strike off who was noted and has been decided. After `candidates_alone`. Parameter: connection_id.
DELETE FROM reconciler.candidates AS k
WHERE k.connection_id = :connection_id
  AND NOT EXISTS (SELECT FROM reconciler.noted(:connection_id) AS u WHERE u.contact_id = k.contact_id);
