-- What became of each change, field by field; a contact without a changed field has one row.
-- What the CRM had changed for it is told with its first row, and belongs to no later run then.
-- Parameters: run_id, batch_id.
WITH told AS (
    UPDATE reconciler.contacts AS c SET formerly = '{}'
    FROM staged_receipts AS r
    JOIN reconciler.batch_contacts AS b ON b.batch_id = :batch_id AND b.contact_id = r.contact_id
    WHERE c.connection_id = b.connection_id AND c.contact_id = b.contact_id AND c.formerly <> '{}'
      AND r.outcome IN ('verified', 'rejected', 'skipped')
)
INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, field, before, after, outcome, code, message, formerly)
SELECT :run_id, r.contact_id, a.address, b.kind, f.field, b.before ->> f.field, f.value, r.outcome,
       CASE WHEN r.refused ? f.field THEN 'field_refused' WHEN r.untaken ? f.field OR r.unsent ? f.field THEN 'not_taken_yet'
            WHEN r.code = '' AND r.shown ? f.field THEN 'shown_differently' ELSE r.code END,
       CASE WHEN r.refused ? f.field
                THEN concat_ws('; ', nullif(r.message, ''), format('not taken; what is there: %s', coalesce(nullif(r.refused ->> f.field, ''), 'nothing')))
            WHEN r.untaken ? f.field THEN 'the import did not take it; a call of its own tries once more'
            WHEN r.unsent ? f.field THEN concat_ws('; ', nullif(r.message, ''), 'left out of this call, an import tries next')
            WHEN r.code = '' AND r.shown ? f.field THEN format('shown as %s', r.shown ->> f.field)
            ELSE r.message END,
       CASE WHEN r.outcome = 'verified' AND row_number() OVER (PARTITION BY r.contact_id ORDER BY f.field) = 1
            THEN nullif(c.formerly, '{}') END
FROM staged_receipts AS r
JOIN reconciler.batch_contacts AS b ON b.batch_id = :batch_id AND b.contact_id = r.contact_id
JOIN reconciler.contacts AS c ON c.connection_id = b.connection_id AND c.contact_id = b.contact_id
CROSS JOIN LATERAL (SELECT coalesce(b.address, c.address) AS address) AS a
LEFT JOIN LATERAL (
    SELECT e.key AS field, e.value
    FROM jsonb_each_text(b."values" || CASE WHEN b.kind = 'readdress' THEN jsonb_build_object('email', a.address) ELSE '{}' END) AS e
    WHERE e.value IS DISTINCT FROM b.before ->> e.key ORDER BY e.key) AS f ON true
ORDER BY r.contact_id, f.field;
