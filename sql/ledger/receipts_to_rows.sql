-- What became of each change, field by field; a contact without a changed field has one row.
-- Parameters: run_id, batch_id.
INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, field, before, after, outcome, code, message)
SELECT :run_id, r.contact_id, c.address, b.kind, f.field, b.before ->> f.field, f.value, r.outcome,
       CASE WHEN r.refused ? f.field THEN 'field_refused' WHEN r.shown ? f.field THEN 'shown_differently' ELSE r.code END,
       CASE WHEN r.refused ? f.field THEN format('not taken; what is there: %s', coalesce(nullif(r.refused ->> f.field, ''), 'nothing'))
            WHEN r.shown ? f.field THEN format('shown as %s', r.shown ->> f.field)
            ELSE r.message END
FROM staged_receipts AS r
JOIN reconciler.batch_contacts AS b ON b.batch_id = :batch_id AND b.contact_id = r.contact_id
JOIN reconciler.contacts AS c ON c.connection_id = b.connection_id AND c.contact_id = b.contact_id
LEFT JOIN LATERAL (SELECT e.key AS field, e.value FROM jsonb_each_text(b."values") AS e
                   WHERE e.value IS DISTINCT FROM b.before ->> e.key ORDER BY e.key) AS f ON true
ORDER BY r.contact_id, f.field;
