-- Connections in some workspaces whose name, workspace, account or list has a text in it, by name, with what the overview
-- says beside their freshness. Parameters: workspaces (or NULL for all), q (empty: all).
SELECT c.connection_id, c.name, c.workspace, c.list_name, a.organization, a.key_fingerprint, a.pace_per_day
FROM reconciler.connections AS c JOIN reconciler.accounts AS a ON a.account_id = c.account_id
WHERE (CAST(:workspaces AS text[]) IS NULL OR c.workspace = ANY (CAST(:workspaces AS text[])))
  AND strpos(lower(concat_ws(chr(10), c.name, c.workspace, a.organization, c.list_name)), lower(:q)) > 0
ORDER BY c.name;
