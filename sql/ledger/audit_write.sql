-- Write down who did what, and from where; in the workspace of the connection, as it is or as it is said.
-- Parameters: actor, action, connection, workspace (or NULL), details, place, request_id.
INSERT INTO reconciler.audit (at, actor, action, connection, workspace, details, place, request_id)
VALUES (reconciler.clock(), :actor, :action, CAST(:connection AS text),
        coalesce(CAST(:workspace AS text), (SELECT c.workspace FROM reconciler.connections AS c WHERE c.name = :connection)),
        CAST(:details AS jsonb), :place, :request_id);
