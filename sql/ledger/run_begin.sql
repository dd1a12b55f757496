-- Begin a run. Parameters: connection_id, fence, trigger, actor, mode, version.
INSERT INTO reconciler.runs (connection_id, fence, trigger, actor, mode, version, started_at)
VALUES (:connection_id, :fence, :trigger, :actor, :mode, :version, reconciler.clock())
RETURNING run_id;
