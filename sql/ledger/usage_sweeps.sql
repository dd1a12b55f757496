-- What the sweeps of an API key's connections would take of a day if each swept in every period of its own, and in one of
-- how many they do. Parameters: key_fingerprint, sweep_seconds (the period of who has chosen none).
SELECT coalesce(sum(c.sweep_calls * 86400 / nullif(p.seconds, 0)), 0) AS calls_a_day,
       coalesce((SELECT b.sweep_stretch FROM reconciler.api_budgets AS b WHERE b.key_fingerprint = :key_fingerprint), 1)
           AS stretch
FROM reconciler.accounts AS a
JOIN reconciler.connections AS c ON c.account_id = a.account_id
CROSS JOIN LATERAL (
    SELECT coalesce(CAST(c.settings ->> 'sweep_seconds' AS double precision), :sweep_seconds) AS seconds) AS p
WHERE a.key_fingerprint = :key_fingerprint AND c.paused_at IS NULL AND c.disconnected_at IS NULL;
