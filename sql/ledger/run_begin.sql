-- Begin a run. Parameters: connection_id, fence, trigger, actor, version.
INSERT INTO reconciler.runs (connection_id, fence, trigger, actor, mode, version, started_at)
VALUES (:connection_id, :fence, :trigger, :actor, 'incremental', :version, reconciler.clock())
RETURNING run_id;
