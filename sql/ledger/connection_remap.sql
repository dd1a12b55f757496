-- The statement's columns or what is made of them have changed: what was decided is forgotten, rejects are tried again,
-- links and states stay, and both sides are compared in full. Parameters: connection_id, columns, mapping_digest.
WITH reopened AS (
    UPDATE reconciler.pairs SET contact_digest = NULL, refused_fields = '{}' WHERE connection_id = :connection_id
), rearmed AS (
    DELETE FROM reconciler.rejects WHERE connection_id = :connection_id
)
UPDATE reconciler.connections
SET columns = CAST(:columns AS jsonb), mapping_digest = :mapping_digest, is_remapped = true,
    sweep_reason = CASE WHEN swept_at IS NULL THEN sweep_reason ELSE 'mapping_changed' END
WHERE connection_id = :connection_id;
