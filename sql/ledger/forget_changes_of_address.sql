-- Delete what was planned for an address. Parameters: connection_id, address_hash.
DELETE FROM reconciler.plan_changes AS o USING reconciler.runs AS u
WHERE u.connection_id = :connection_id AND o.run_id = u.run_id AND o.address_hash = :address_hash;
