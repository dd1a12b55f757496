-- Forget what was decided and applied of some contacts; of who stands in their place it is decided.
-- Parameters: connection_id, among, names.
WITH gone AS (
    DELETE FROM reconciler.pairs WHERE connection_id = :connection_id AND contact_id = ANY (CAST(:among AS text[]))
)
INSERT INTO reconciler.pairs (connection_id, contact_id, contact_digest, member_digest, verdict, decided_at)
SELECT c.connection_id, c.contact_id, c.digest, '', 'forgotten', reconciler.clock()
FROM reconciler.contacts AS c
WHERE c.connection_id = :connection_id AND c.contact_id = ANY (CAST(:names AS text[]))
ON CONFLICT (connection_id, contact_id) DO NOTHING;
