-- The next comparison is a full one until it is done, for this reason. Parameters: connection_id, reason.
UPDATE reconciler.connections SET sweep_reason = :reason WHERE connection_id = :connection_id;
