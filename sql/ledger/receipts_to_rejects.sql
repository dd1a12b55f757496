-- Keep who was refused, with what was refused; forget it of those who were taken. Parameters: run_id, batch_id.
WITH taken AS (
    DELETE FROM reconciler.rejects AS x USING staged_receipts AS r, reconciler.batch_contacts AS b
    WHERE b.batch_id = :batch_id AND r.contact_id = b.contact_id AND r.outcome = 'verified'
      AND x.connection_id = b.connection_id AND x.contact_id = b.contact_id
)
INSERT INTO reconciler.rejects AS x (connection_id, contact_id, contact_digest, code, message, since, first_run_id, again_at)
SELECT b.connection_id, r.contact_id, b.contact_digest, r.code, r.message, reconciler.clock(), :run_id,
       reconciler.clock() + make_interval(secs => r.again_seconds)
FROM staged_receipts AS r
JOIN reconciler.batch_contacts AS b ON b.batch_id = :batch_id AND b.contact_id = r.contact_id
WHERE r.outcome = 'rejected'
ON CONFLICT (connection_id, contact_id) DO UPDATE
SET contact_digest = EXCLUDED.contact_digest, code = EXCLUDED.code, message = EXCLUDED.message,
    again_at = EXCLUDED.again_at,
    attempts = CASE WHEN x.contact_digest = EXCLUDED.contact_digest THEN x.attempts + 1 ELSE 1 END;
