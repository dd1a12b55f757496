-- The activity of a batch is known. Parameters: batch_id, activity_id.
UPDATE reconciler.batches SET state = 'submitted', activity_id = :activity_id, submitted_at = reconciler.clock()
WHERE batch_id = :batch_id;
