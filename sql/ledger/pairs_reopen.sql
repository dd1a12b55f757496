-- Decide every pair of a connection once more; links and states stay. Parameter: connection_id.
UPDATE reconciler.pairs SET contact_digest = NULL WHERE connection_id = :connection_id;
