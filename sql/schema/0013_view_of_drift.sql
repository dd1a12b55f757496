-- What was changed at Constant Contact while the CRM's value stayed, with both values.
CREATE VIEW reconciler.v1_drift AS
SELECT c.name AS connection, p.contact_id, reconciler.masked(nullif(k.address, '')) AS email, f.field,
       reconciler.veiled(coalesce(m.fields ->> f.field, '')) AS there,
       reconciler.veiled(coalesce(k.fields ->> f.field, '')) AS crm, p.decided_at AS seen_at
FROM reconciler.connections AS c
JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.drifted <> '{}'
JOIN reconciler.contacts AS k ON k.connection_id = p.connection_id AND k.contact_id = p.contact_id AND k.gone_at IS NULL
LEFT JOIN reconciler.members AS m ON m.connection_id = p.connection_id AND m.member_id = p.member_id
CROSS JOIN LATERAL unnest(p.drifted) AS f (field);
COMMENT ON VIEW reconciler.v1_drift IS 'Fields that were changed at Constant Contact while the CRM''s value stayed: kept as they are there; masked.';
COMMENT ON COLUMN reconciler.v1_drift.connection IS 'The connection, by name.';
COMMENT ON COLUMN reconciler.v1_drift.contact_id IS 'The CRM''s id of the contact.';
COMMENT ON COLUMN reconciler.v1_drift.email IS 'The address, masked; NULL where there is none.';
COMMENT ON COLUMN reconciler.v1_drift.field IS 'The field.';
COMMENT ON COLUMN reconciler.v1_drift.there IS 'What Constant Contact has, veiled.';
COMMENT ON COLUMN reconciler.v1_drift.crm IS 'What the CRM has, veiled.';
COMMENT ON COLUMN reconciler.v1_drift.seen_at IS 'When it was last seen.';
