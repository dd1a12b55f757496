-- When an action on a connection was last written down. Parameters: connection, action.
SELECT at FROM reconciler.audit WHERE connection = :connection AND action = :action ORDER BY audit_id DESC LIMIT 1;
