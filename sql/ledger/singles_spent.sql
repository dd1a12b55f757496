-- How many contacts were written singly in the last 24 hours. Parameter: connection_id.
SELECT count(*) AS calls FROM reconciler.batches
WHERE connection_id = :connection_id AND is_single AND intended_at > reconciler.clock() - interval '24 hours';
