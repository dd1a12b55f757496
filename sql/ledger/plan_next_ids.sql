-- Contact ids of the next changes to push, in plan order. Parameters: run_id, after, size.
SELECT contact_id FROM reconciler.plan_changes
WHERE run_id = :run_id AND kind <> 'skip' AND NOT is_sent AND contact_id > :after
ORDER BY contact_id LIMIT :size;
