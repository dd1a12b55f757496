-- How many API keys have runs of the last hour, and of how many the last one failed for a reason.
-- Parameters: reason, besides (a key fingerprint that is left out).
WITH last AS (
    SELECT DISTINCT ON (a.key_fingerprint) a.key_fingerprint, r.reason
    FROM reconciler.runs AS r
    JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
    JOIN reconciler.accounts AS a ON a.account_id = c.account_id
    WHERE r.finished_at > reconciler.clock() - interval '1 hour' AND a.key_fingerprint <> :besides
    ORDER BY a.key_fingerprint, r.run_id DESC
)
SELECT count(*) AS keys, count(*) FILTER (WHERE reason = :reason) AS failing FROM last;
