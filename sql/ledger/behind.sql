-- Contacts that belong on the list, differ from it, and are not kept off, refused or invalid. Parameter: connection_id.
SELECT count(*) AS contacts,
       coalesce(extract(epoch FROM reconciler.clock() - min(c.changed_at)), 0) AS oldest_seconds
FROM reconciler.contacts AS c
LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
WHERE c.connection_id = :connection_id AND c.gone_at IS NULL AND c.eligible AND NOT c.opted_out
  AND c.address_hash IS NOT NULL
  AND (p.contact_digest IS DISTINCT FROM c.digest
       OR p.verdict IN ('add', 'update', 'readdress', 'membership_unclear', 'address_taken', 'moved'));
