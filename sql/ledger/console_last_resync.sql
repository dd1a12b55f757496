-- When a full resync of a connection was last confirmed; not one that was refused, because its plan was another by then.
-- Parameter: connection_id.
SELECT a.at FROM reconciler.connections AS c
JOIN reconciler.audit AS a ON a.connection = c.name AND a.workspace = c.workspace AND a.action = 'resync'
WHERE c.connection_id = :connection_id
  AND NOT EXISTS (SELECT FROM reconciler.runs AS r WHERE r.connection_id = c.connection_id AND r.trigger = 'console'
                  AND r.started_at >= a.at AND r.state = 'held' AND r.reason = 'only_if')
ORDER BY a.audit_id DESC LIMIT 1;
