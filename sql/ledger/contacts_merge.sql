-- Write the staged contacts that differ from the mirror, and only those: how many, and how many of them the window would
-- have missed. Safe to repeat. Parameter: connection_id.
WITH changed AS (
    SELECT s.* FROM staged_contacts AS s
    LEFT JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = s.contact_id
    WHERE c.contact_id IS NULL OR c.gone_at IS NOT NULL
       OR (c.address, c.address_hash, c.fault, c.eligible, c.opted_out, c.fields, c.refused)
          IS DISTINCT FROM (s.address, s.address_hash, s.fault, s.eligible, s.opted_out, s.fields, s.refused)
), written AS (
    INSERT INTO reconciler.contacts AS c (connection_id, contact_id, address, address_hash, fault, eligible, opted_out,
                                          fields, refused, is_forgotten, changed_at)
    SELECT :connection_id, s.contact_id, s.address, s.address_hash, s.fault, s.eligible, s.opted_out, s.fields,
           s.refused, s.is_forgotten, (SELECT reconciler.clock())
    FROM changed AS s
    ON CONFLICT (connection_id, contact_id) DO UPDATE
    SET address = EXCLUDED.address, address_hash = EXCLUDED.address_hash, fault = EXCLUDED.fault,
        eligible = EXCLUDED.eligible, opted_out = EXCLUDED.opted_out, fields = EXCLUDED.fields,
        refused = EXCLUDED.refused, changed_at = EXCLUDED.changed_at, gone_at = NULL,
        is_unsure = false,
        -- What it had first stays until it is decided for good. By another mapping the same row looks changed.
        formerly = CASE WHEN (SELECT is_remapped FROM reconciler.connections WHERE connection_id = :connection_id) THEN '{}'
                        ELSE reconciler.crm_changed(CASE WHEN c.fault = '' THEN c.address ELSE '' END, c.fields, c.refused,
                                                    EXCLUDED.address, EXCLUDED.fields, EXCLUDED.refused) || c.formerly END
    RETURNING c.contact_id
)
SELECT (SELECT count(*) FROM written) AS written,
       (SELECT count(*) FROM written AS w JOIN staged_contacts AS s ON s.contact_id = w.contact_id
        WHERE NOT s.is_on_time) AS late;
