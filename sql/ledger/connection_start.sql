-- From now on runs push. Parameter: connection_id.
UPDATE reconciler.connections SET started_at = coalesce(started_at, reconciler.clock()), observe = false
WHERE connection_id = :connection_id;
