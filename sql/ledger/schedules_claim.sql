-- Claim the connections that are due: whoever claims one sets its next time in the same statement, so that nobody else
-- does. A connection whose last task is not over is not due. Of one API key only so many go on at once, and those with
-- little to do go first, by a minute's start; what is due longest comes first. Those whose last run failed are the ones
-- that hang: they get a part of each worker's places, and take none of their key's while they wait for it. Who is paused,
-- or waits in quarantine, is passed over.
-- Parameters: every_seconds (for connections without an interval), most (in all), most_of_a_key, small (contacts that
-- wait: up to so many are little), waiting_tasks (no more than so many may wait in the queue), most_failing (of each
-- worker).
WITH busy AS (
    SELECT a.key_fingerprint, count(*) AS tasks, count(*) FILTER (WHERE c.failures > 0) AS failing
    FROM reconciler_queue.procrastinate_jobs AS j
    JOIN reconciler.connections AS c ON j.lock = 'connection ' || c.connection_id
    JOIN reconciler.accounts AS a ON a.account_id = c.account_id
    WHERE j.status IN ('todo', 'doing')
    GROUP BY a.key_fingerprint
), due AS (
    SELECT s.connection_id, a.key_fingerprint, o.is_passed_over, c.failures > 0 AND NOT o.is_passed_over AS is_failing,
           s.due_at - CASE WHEN c.waiting <= :small THEN interval '1 minute' ELSE interval '0' END AS since
    FROM reconciler.schedules AS s
    JOIN reconciler.connections AS c ON c.connection_id = s.connection_id
    JOIN reconciler.accounts AS a ON a.account_id = c.account_id
    CROSS JOIN LATERAL (
        SELECT c.paused_at IS NOT NULL
               OR c.quarantined_at IS NOT NULL AND coalesce(c.next_attempt_at > reconciler.clock(), false)
    ) AS o (is_passed_over)
    WHERE s.due_at <= reconciler.clock()
      AND NOT EXISTS (SELECT FROM reconciler_queue.procrastinate_jobs AS j
                      WHERE j.lock = 'connection ' || s.connection_id AND j.status IN ('todo', 'doing'))
), of_keys AS (
    SELECT d.*, row_number() OVER (PARTITION BY d.key_fingerprint, d.is_failing ORDER BY d.since, d.connection_id) AS turn
    FROM due AS d
), of_failing AS (
    SELECT k.*, row_number() OVER (PARTITION BY k.is_failing ORDER BY k.turn, k.since, k.connection_id)
                + (SELECT coalesce(sum(b.failing), 0) FROM busy AS b) AS place
    FROM of_keys AS k
), turns AS (
    SELECT f.connection_id, f.is_passed_over, f.since, coalesce(b.tasks, 0)
           + row_number() OVER (PARTITION BY f.key_fingerprint ORDER BY f.since, f.connection_id) AS turn
    FROM of_failing AS f LEFT JOIN busy AS b ON b.key_fingerprint = f.key_fingerprint
    WHERE NOT f.is_failing
       OR f.place <= :most_failing * greatest(1, (SELECT count(*) FROM reconciler_queue.procrastinate_workers))
), mine AS (
    SELECT s.connection_id, t.is_passed_over
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
RETURNING s.connection_id, c.name, m.is_passed_over;
