-- The batches whose outcome is not known for each contact. Parameter: connection_id.
SELECT batch_id, is_single, activity_id, since, contacts, counts, activity_state, completed_at IS NOT NULL AS has_ended,
       extract(epoch FROM reconciler.clock() - intended_at) AS age_seconds,
       extract(epoch FROM reconciler.clock() - completed_at) AS ended_seconds_ago
FROM reconciler.batches
WHERE connection_id = :connection_id AND state IN ('intended', 'submitted')
ORDER BY batch_id;
