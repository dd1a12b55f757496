-- Note what people were told, in the transaction that locked it. Parameters: connection_id, state.
UPDATE reconciler.told SET state = :state, told_at = reconciler.clock() WHERE connection_id = :connection_id;
