-- The first sync is done: from now on the guards count. Parameter: connection_id.
UPDATE reconciler.connections SET synced_at = reconciler.clock() WHERE connection_id = :connection_id AND synced_at IS NULL;
