-- A run has caught up with what waited while there was no token, and says so. Parameter: connection_id.
UPDATE reconciler.connections SET caught_up_since = NULL WHERE connection_id = :connection_id;
