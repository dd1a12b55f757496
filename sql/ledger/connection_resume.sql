-- Pushing and calls again. Where another CRM or ledger had paused it, these are the real ones now: everything is read and
-- compared anew. Parameters: connection_id, home.
WITH moved AS (
    SELECT connection_id FROM reconciler.connections WHERE connection_id = :connection_id AND paused_reason IS NOT NULL
), unread AS (
    DELETE FROM reconciler.watermarks WHERE connection_id IN (SELECT connection_id FROM moved)
)
UPDATE reconciler.connections AS c
SET paused_at = NULL, paused_reason = NULL, paused_message = NULL,
    home = CASE WHEN c.paused_reason IS NULL THEN c.home ELSE CAST(:home AS jsonb) END,
    sweep_reason = CASE WHEN c.paused_reason IS NULL THEN c.sweep_reason ELSE 'source_changed' END
WHERE c.connection_id = :connection_id;
