-- Write down who did what. Parameters: actor, action, connection, details.
INSERT INTO reconciler.audit (at, actor, action, connection, details)
VALUES (reconciler.clock(), :actor, :action, CAST(:connection AS text), CAST(:details AS jsonb));
