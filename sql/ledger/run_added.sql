-- How many people this run's own batches put on the list. Parameters: run_id.
SELECT count(*) FROM reconciler.batch_contacts AS b
JOIN reconciler.batches AS t ON t.batch_id = b.batch_id
WHERE t.run_id = :run_id AND b.kind = 'add' AND b.outcome = 'verified';
