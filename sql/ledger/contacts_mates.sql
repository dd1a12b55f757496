-- Some contacts and all that share an address with one of them. Parameters: connection_id, among.
SELECT mate.contact_id FROM reconciler.contacts AS mate
WHERE mate.connection_id = :connection_id AND mate.gone_at IS NULL
  AND mate.address_group IN (SELECT c.address_group FROM reconciler.contacts AS c
                             WHERE c.connection_id = :connection_id AND c.contact_id = ANY (CAST(:among AS text[])))
ORDER BY mate.contact_id;
