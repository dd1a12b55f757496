-- A run has caught up with what waited while there was no token, and says so. Parameter: connection_id.
UPDATE reconciler.connections SET missed_since = NULL WHERE connection_id = :connection_id;
