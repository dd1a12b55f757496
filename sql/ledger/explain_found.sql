-- The contacts of a connection with this id, or this address: the one that is synced first. Parameters: connection_id, who,
-- address_hash.
SELECT c.contact_id FROM reconciler.contacts AS c
LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
WHERE c.connection_id = :connection_id
  AND (c.contact_id = :who OR c.address_hash = :address_hash
       -- An address that can't be used has no hash.
       OR c.address_hash IS NULL AND lower(c.address) = lower(:who))
ORDER BY c.contact_id <> :who, c.gone_at IS NOT NULL,
         p.verdict IS NULL OR p.verdict IN ('duplicate', 'out_of_scope', 'opted_out', 'no_email', 'invalid'), c.contact_id
LIMIT 20;
