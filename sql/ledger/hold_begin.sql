-- Write down a hold that has begun. Parameters: connection_id, run_id, reason, message, counts, held_at.
INSERT INTO reconciler.holds (connection_id, run_id, reason, message, counts, held_at)
VALUES (:connection_id, :run_id, :reason, :message, CAST(:counts AS jsonb), :held_at);
