-- Both sides were compared in full. Parameter: connection_id.
UPDATE reconciler.connections SET swept_at = reconciler.clock(), sweep_reason = NULL WHERE connection_id = :connection_id;
