-- Note what a full comparison cost, where this run did one. Parameters: connection_id, run_id, calls.
UPDATE reconciler.connections SET sweep_calls = :calls
WHERE connection_id = :connection_id
  AND swept_at >= (SELECT r.started_at FROM reconciler.runs AS r WHERE r.run_id = :run_id)
RETURNING connection_id;
