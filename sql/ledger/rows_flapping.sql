-- Mark the fields written in this run of contacts that are written again and again: the value comes undone each time.
-- Only this run's contacts are looked up, in the connection's last runs. Safe to repeat.
-- Parameters: connection_id, run_id, writes (how many are still fine), runs (of how many runs).
WITH recent AS (
    SELECT u.run_id FROM reconciler.runs AS u
    WHERE u.connection_id = :connection_id AND u.run_id <= :run_id ORDER BY u.run_id DESC LIMIT CAST(:runs AS integer)
), often AS (
    SELECT r.contact_id, count(DISTINCT r.run_id) AS times
    FROM (SELECT DISTINCT contact_id FROM reconciler.run_rows
          WHERE run_id = :run_id AND action <> 'skip' AND outcome = 'verified') AS w
    JOIN reconciler.run_rows AS r ON r.contact_id = w.contact_id
    WHERE (SELECT count(*) FROM recent) > :writes
      AND r.run_id IN (SELECT run_id FROM recent) AND r.action <> 'skip' AND r.outcome = 'verified'
    GROUP BY r.contact_id HAVING count(DISTINCT r.run_id) > :writes
)
UPDATE reconciler.run_rows AS r
SET code = 'flapping',
    message = format('written in %s of the last %s runs; the CRM has %s, Constant Contact showed %s before',
                     o.times, CAST(:runs AS integer), coalesce(nullif(r.after, ''), 'nothing'),
                     coalesce(nullif(r.before, ''), 'nothing'))
FROM often AS o
WHERE r.run_id = :run_id AND r.contact_id = o.contact_id AND r.action <> 'skip' AND r.outcome = 'verified'
  AND r.field IS NOT NULL AND r.code IN ('', 'shown_differently');
