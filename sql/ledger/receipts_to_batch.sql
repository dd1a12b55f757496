-- Settle the contacts whose outcome is known; a batch with none left is settled. Parameter: batch_id.
WITH known AS (
    UPDATE reconciler.batch_contacts AS b SET settled = r.outcome <> 'in_doubt', outcome = r.outcome,
        address = CASE WHEN r.outcome = 'in_doubt' THEN b.address END
    FROM staged_receipts AS r
    WHERE b.batch_id = :batch_id AND b.contact_id = r.contact_id AND NOT b.settled
    RETURNING r.outcome
)
UPDATE reconciler.batches AS t SET state = 'settled', settled_at = reconciler.clock(), outcome = 'read back'
WHERE t.batch_id = :batch_id AND t.state IN ('intended', 'submitted')
  -- Counted: this still sees who was not settled before. Looked for one by one, they would be many times many.
  AND (SELECT count(*) FROM known WHERE known.outcome <> 'in_doubt')
      = (SELECT count(*) FROM reconciler.batch_contacts AS b WHERE b.batch_id = :batch_id AND NOT b.settled);
