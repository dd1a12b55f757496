-- Who did one of some actions last on a connection, and when: in its workspace of now, because a name may have been another's.
-- Parameters: connection, actions, about (what the details have).
SELECT a.actor, a.action, a.at FROM reconciler.audit AS a
JOIN reconciler.connections AS c ON c.name = a.connection AND c.workspace = a.workspace
WHERE a.connection = :connection AND a.action = ANY (CAST(:actions AS text[])) AND a.details @> CAST(:about AS jsonb)
ORDER BY a.audit_id DESC LIMIT 1;
