-- What was approved for a reason has been done. Parameters: connection_id, reason.
UPDATE reconciler.holds SET approved_until = reconciler.clock()
WHERE connection_id = :connection_id AND reason = :reason AND approved_until > reconciler.clock();
