-- Write down who did what, and from where. Parameters: actor, action, connection, details, place, request_id.
INSERT INTO reconciler.audit (at, actor, action, connection, details, place, request_id)
VALUES (reconciler.clock(), :actor, :action, CAST(:connection AS text), CAST(:details AS jsonb), :place, :request_id);
