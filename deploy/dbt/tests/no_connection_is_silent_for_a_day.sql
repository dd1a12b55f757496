-- Each connection that is to run has run, or had a tick with nothing to do, within the last day.
SELECT connection, badge, greatest(last_tick_at, last_run_finished_at) AS last_sign
FROM {{ source('reconciler', 'v1_connections') }}
WHERE badge NOT IN ('Paused', 'Connected, not started')
  AND coalesce(greatest(last_tick_at, last_run_finished_at), connected_at) < now() - interval '1 day'
