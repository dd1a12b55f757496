-- Remember which members a contact of the CRM was ever matched with. Parameter: connection_id.
UPDATE reconciler.members AS m SET linked_at = (SELECT reconciler.clock())
FROM reconciler.pairs AS p
WHERE m.connection_id = :connection_id AND m.linked_at IS NULL
  AND p.connection_id = m.connection_id AND p.member_id = m.member_id;
