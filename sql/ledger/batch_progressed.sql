-- How far an activity is. Parameters: batch_id, state, counts, ended.
UPDATE reconciler.batches
SET activity_state = :state, counts = CAST(:counts AS jsonb),
    completed_at = CASE WHEN :ended THEN coalesce(completed_at, reconciler.clock()) END
WHERE batch_id = :batch_id;
