-- How many contacts a plan changes together with what was sent in the last 24 hours, without those that are exempt; how many
-- of them the plan alone changes, additions among them, and how many changes it has in all. Parameters: connection_id, run_id.
WITH counted AS (
    SELECT contact_id, kind, true AS is_planned FROM reconciler.plan_changes
    WHERE run_id = :run_id AND kind <> 'skip' AND NOT is_exempt
    UNION ALL
    SELECT o.contact_id, o.kind, false FROM reconciler.runs AS r JOIN reconciler.plans AS p ON p.run_id = r.run_id AND NOT p.is_exempt
    JOIN reconciler.plan_changes AS o ON o.run_id = r.run_id
    WHERE r.connection_id = :connection_id AND r.run_id <> :run_id
      AND r.started_at > reconciler.clock() - interval '24 hours' AND o.kind <> 'skip' AND o.is_sent AND NOT o.is_exempt
)
SELECT count(DISTINCT contact_id) FILTER (WHERE kind = 'add') AS added,
       count(DISTINCT contact_id) FILTER (WHERE kind <> 'add') AS updated,
       count(*) FILTER (WHERE is_planned) AS planned,
       count(*) FILTER (WHERE is_planned AND kind = 'add') AS adds,
       (SELECT count(*) FROM reconciler.plan_changes WHERE run_id = :run_id AND kind <> 'skip') AS changes
FROM counted;
