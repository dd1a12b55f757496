-- End a batch; contacts that were not settled are free again. Parameters: batch_id, outcome, state.
WITH closed AS (
    UPDATE reconciler.batches SET state = :state, outcome = :outcome, settled_at = reconciler.clock()
    WHERE batch_id = :batch_id AND state IN ('intended', 'submitted')
    RETURNING batch_id
), unsent AS (
    UPDATE reconciler.plan_changes AS o SET is_sent = false
    FROM reconciler.batches AS t, reconciler.batch_contacts AS b
    WHERE t.batch_id = :batch_id AND :state = 'refused' AND b.batch_id = t.batch_id
      AND o.run_id = t.run_id AND o.contact_id = b.contact_id
)
UPDATE reconciler.batch_contacts AS b SET settled = true, outcome = coalesce(b.outcome, 'deferred'), address = NULL
FROM closed WHERE b.batch_id = closed.batch_id AND NOT b.settled;
