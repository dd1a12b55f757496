-- Who did what, newest first, from before a row on; of the connections in some workspaces, or of everything. Parameters:
-- workspaces (or NULL for everything), connection (empty: any), before (a row's number), most.
SELECT a.audit_id, a.at, a.actor, a.action, a.connection, a.place, a.details
FROM reconciler.audit AS a
WHERE a.audit_id < :before
  AND (:connection = '' OR a.connection = :connection)
  AND (CAST(:workspaces AS text[]) IS NULL
       OR EXISTS (SELECT FROM reconciler.connections AS c
                  WHERE c.name = a.connection AND c.workspace = ANY (CAST(:workspaces AS text[]))))
ORDER BY a.audit_id DESC LIMIT :most;
