-- Claim the connections that are due: whoever claims one sets its next time in the same statement, so that nobody else
-- does. A connection whose last task is not over is not due. Of one API key only so many go on at once, and those with
-- little to do go first, by a minute's start; what is due longest comes first. Paused ones are passed over.
-- Parameters: every_seconds (for connections without an interval), most (in all), most_of_a_key, small (contacts that
-- wait: up to so many are little), waiting_tasks (no more than so many may wait in the queue).
WITH busy AS (
    SELECT a.key_fingerprint, count(*) AS tasks
    FROM reconciler_queue.procrastinate_jobs AS j
    JOIN reconciler.connections AS c ON j.lock = 'connection ' || c.connection_id
    JOIN reconciler.accounts AS a ON a.account_id = c.account_id
    WHERE j.status IN ('todo', 'doing')
    GROUP BY a.key_fingerprint
), due AS (
    SELECT s.connection_id, a.key_fingerprint,
           s.due_at - CASE WHEN c.waiting <= :small THEN interval '1 minute' ELSE interval '0' END AS since
    FROM reconciler.schedules AS s
    JOIN reconciler.connections AS c ON c.connection_id = s.connection_id
    JOIN reconciler.accounts AS a ON a.account_id = c.account_id
    WHERE s.due_at <= reconciler.clock()
      AND NOT EXISTS (SELECT FROM reconciler_queue.procrastinate_jobs AS j
                      WHERE j.lock = 'connection ' || s.connection_id AND j.status IN ('todo', 'doing'))
), turns AS (
    SELECT d.connection_id, d.since, row_number() OVER (PARTITION BY d.key_fingerprint ORDER BY d.since, d.connection_id)
           + coalesce(b.tasks, 0) AS turn
    FROM due AS d LEFT JOIN busy AS b ON b.key_fingerprint = d.key_fingerprint
), mine AS (
    SELECT s.connection_id
    FROM reconciler.schedules AS s JOIN turns AS t ON t.connection_id = s.connection_id
    WHERE t.turn <= :most_of_a_key AND s.due_at <= reconciler.clock()
    ORDER BY t.since, s.connection_id
    LIMIT least(:most, greatest(0, :waiting_tasks - (SELECT count(*) FROM reconciler_queue.procrastinate_jobs
                                                     WHERE status = 'todo')))
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE reconciler.schedules AS s
SET due_at = reconciler.next_due(
    s.connection_id, greatest(1, reconciler.interval_of(c.settings, CAST(:every_seconds AS double precision))))
FROM mine AS m JOIN reconciler.connections AS c ON c.connection_id = m.connection_id
WHERE s.connection_id = m.connection_id
RETURNING s.connection_id, c.name, c.paused_at IS NOT NULL AS is_paused;
