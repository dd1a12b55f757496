-- Make a connection, or replace what connecting again replaces: list, statement and what was learnt of both.
-- Another mapping forgets what was decided; links and states stay. Another list has other members.
-- Parameters: name, account_id, list_id, list_name, workspace, statement, columns, custom_fields, custom_field_types,
-- mapping_digest, consent_basis, observe, window_mode, window_reason, home, is_other_crm (somebody named another CRM).
WITH before AS (
    SELECT connection_id, list_id <> CAST(:list_id AS uuid) AS has_other_list
    FROM reconciler.connections WHERE name = :name AND mapping_digest <> :mapping_digest
), seen_on_it AS (
    INSERT INTO reconciler.earlier_members (connection_id, list_id, member_id)
    SELECT m.connection_id, c.list_id, m.member_id
    FROM reconciler.members AS m JOIN reconciler.connections AS c ON c.connection_id = m.connection_id
    WHERE c.name = :name AND c.list_id <> CAST(:list_id AS uuid) AND m.seen_on_list_at IS NOT NULL
    ON CONFLICT DO NOTHING
), other_list AS (
    DELETE FROM reconciler.members WHERE connection_id IN (
        SELECT connection_id FROM reconciler.connections WHERE name = :name AND list_id <> CAST(:list_id AS uuid))
), reopened AS (
    -- Who was let back onto one list was not let onto another.
    UPDATE reconciler.pairs AS p
    SET contact_digest = NULL, refused_fields = '{}',
        rejoin_at = CASE WHEN b.has_other_list THEN NULL ELSE p.rejoin_at END,
        rejoin_basis = CASE WHEN b.has_other_list THEN NULL ELSE p.rejoin_basis END
    FROM before AS b WHERE p.connection_id = b.connection_id
), rearmed AS (
    DELETE FROM reconciler.rejects WHERE connection_id IN (SELECT connection_id FROM before)
), unread AS (
    DELETE FROM reconciler.watermarks WHERE :is_other_crm
        AND connection_id IN (SELECT connection_id FROM reconciler.connections WHERE name = :name)
), lifted AS (
    UPDATE reconciler.holds SET lifted_at = reconciler.clock()
    WHERE lifted_at IS NULL AND connection_id IN (SELECT connection_id FROM reconciler.connections WHERE name = :name)
)
INSERT INTO reconciler.connections AS c (name, account_id, list_id, list_name, workspace, statement, columns, custom_fields,
                                         custom_field_types, mapping_digest, consent_basis, observe, window_mode,
                                         window_reason, home, connected_at)
VALUES (:name, :account_id, CAST(:list_id AS uuid), :list_name, :workspace, :statement, CAST(:columns AS jsonb),
        CAST(:custom_fields AS jsonb), CAST(:custom_field_types AS jsonb), :mapping_digest, CAST(:consent_basis AS text),
        :observe, :window_mode, :window_reason, CAST(:home AS jsonb), reconciler.clock())
ON CONFLICT (name) DO UPDATE
SET account_id = EXCLUDED.account_id, list_id = EXCLUDED.list_id, list_name = EXCLUDED.list_name,
    workspace = EXCLUDED.workspace, statement = EXCLUDED.statement, columns = EXCLUDED.columns,
    custom_fields = EXCLUDED.custom_fields, custom_field_types = EXCLUDED.custom_field_types,
    mapping_digest = EXCLUDED.mapping_digest, window_mode = EXCLUDED.window_mode,
    window_reason = EXCLUDED.window_reason, home = coalesce(c.home, EXCLUDED.home),
    consent_basis = coalesce(EXCLUDED.consent_basis, c.consent_basis), observe = c.observe OR EXCLUDED.observe,
    missed_since = coalesce(c.missed_since, c.disconnected_at),
    disconnected_at = NULL, disconnected_reason = NULL,
    paused_at = CASE WHEN :is_other_crm AND c.paused_reason = 'other_crm' THEN NULL ELSE c.paused_at END,
    paused_message = CASE WHEN :is_other_crm AND c.paused_reason = 'other_crm' THEN NULL ELSE c.paused_message END,
    paused_reason = CASE WHEN :is_other_crm AND c.paused_reason = 'other_crm' THEN NULL ELSE c.paused_reason END,
    held_at = NULL, held_reason = NULL, held_message = NULL, held_run_id = NULL,
    is_remapped = c.is_remapped OR c.mapping_digest <> EXCLUDED.mapping_digest,
    swept_at = CASE WHEN c.list_id = EXCLUDED.list_id THEN c.swept_at END,
    synced_at = CASE WHEN c.list_id = EXCLUDED.list_id THEN c.synced_at END,
    sweep_reason = CASE
        WHEN c.swept_at IS NULL OR c.list_id <> EXCLUDED.list_id THEN NULL
        WHEN c.mapping_digest <> EXCLUDED.mapping_digest THEN 'mapping_changed'
        WHEN :is_other_crm THEN 'source_changed'
        ELSE c.sweep_reason END,
    pulled_whole_at = CASE WHEN c.mapping_digest = EXCLUDED.mapping_digest THEN c.pulled_whole_at END
RETURNING connection_id;
