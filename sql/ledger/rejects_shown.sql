-- Who is refused, why, and when that is tried again (NULL: when the contact changes, or somebody says so).
-- Parameter: connection_id.
SELECT x.contact_id, c.address, x.code, x.message, x.since, x.attempts, x.first_run_id, x.again_at
FROM reconciler.rejects AS x
LEFT JOIN reconciler.contacts AS c ON c.connection_id = x.connection_id AND c.contact_id = x.contact_id
WHERE x.connection_id = :connection_id AND x.contact_digest = c.digest
ORDER BY x.since, x.contact_id;
