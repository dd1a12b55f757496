-- How many members the list had 24 hours ago: as the last run before that saw it, or the first sync where that was later;
-- else as it is now. Parameter: connection_id.
SELECT coalesce(
    (SELECT CAST(r.report #>> '{standing,list,members}' AS bigint) FROM reconciler.runs AS r
     WHERE r.connection_id = :connection_id AND r.report IS NOT NULL
       AND (r.started_at <= reconciler.clock() - interval '24 hours' OR r.reason = 'first_run')
     ORDER BY r.run_id DESC LIMIT 1),
    (SELECT count(*) FROM reconciler.members AS m
     WHERE m.connection_id = :connection_id AND m.on_list AND m.absent_at IS NULL AND m.status IN ('explicit', 'implicit'))
) AS members;
