-- Write down a batch before its request leaves.
-- Parameters: connection_id, run_id, fence, contacts, bytes, body_sha256, since, is_single.
INSERT INTO reconciler.batches (connection_id, run_id, fence, state, contacts, bytes, body_sha256, since, is_single, intended_at)
VALUES (:connection_id, :run_id, :fence, 'intended', :contacts, :bytes, :body_sha256, :since, :is_single, reconciler.clock())
RETURNING batch_id;
