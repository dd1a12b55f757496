-- Put changes of a run's plan into a batch that is about to be sent, as they stand in the plan.
-- Parameters: batch_id, connection_id, run_id, contact_ids.
INSERT INTO reconciler.batch_contacts (batch_id, connection_id, contact_id, address_hash, kind, member_id, contact_digest,
                                       "values", before, applied, has_rest, address)
SELECT :batch_id, :connection_id, o.contact_id, o.address_hash, o.kind, o.member_id, c.digest,
       o."values", o.before, o.applied, o.has_rest, o.address
FROM unnest(CAST(:contact_ids AS text[])) AS a (contact_id)
JOIN reconciler.plan_changes AS o ON o.run_id = :run_id AND o.contact_id = a.contact_id
JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = a.contact_id;
