-- Complete staged people of an export by what the mirror has of them: an export does not say whether they may be mailed
-- in words that are documented, nor what else fills their places. Whom the mirror has as not mailable stays as they are.
-- Parameter: connection_id.
UPDATE staged_members AS s
SET status = m.status, opted_out_at = m.opted_out_at, deleted_at = m.deleted_at, occupied = m.occupied,
    updated_at = coalesce(s.updated_at, m.updated_at),
    on_list = CASE WHEN m.status IN ('explicit', 'implicit') THEN s.on_list ELSE m.on_list END
FROM reconciler.members AS m
WHERE m.connection_id = :connection_id AND m.member_id = s.member_id;
