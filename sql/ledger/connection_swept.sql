-- Both sides were compared in full, by this mapping: another one that came meanwhile still asks for it.
-- Parameters: connection_id, mapping_digest.
UPDATE reconciler.connections SET swept_at = reconciler.clock(), sweep_reason = NULL, is_remapped = false
WHERE connection_id = :connection_id AND mapping_digest = :mapping_digest;
