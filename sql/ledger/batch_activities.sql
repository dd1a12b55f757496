-- The activities we know to be ours, of the ten days that Constant Contact keeps them.
SELECT activity_id FROM reconciler.batches
WHERE activity_id IS NOT NULL AND intended_at > reconciler.clock() - interval '11 days';
