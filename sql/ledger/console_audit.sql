-- Who did what, newest first, from before a row on; in some workspaces, or everything. Parameters: workspaces (or NULL for
-- everything), connection (empty: any), before (a row's number), most.
SELECT audit_id, at, actor, action, connection, place, details FROM reconciler.audit
WHERE audit_id < :before
  AND (:connection = '' OR connection = :connection)
  AND (CAST(:workspaces AS text[]) IS NULL OR workspace = ANY (CAST(:workspaces AS text[])))
ORDER BY audit_id DESC LIMIT :most;
