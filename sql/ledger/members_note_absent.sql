-- After a whole reading of the list: who was on it and is missing. One reading alone is no proof, because pages shift
-- and the index lags: a second one of the other kind, some minutes later, is; but not soon after our own push. Until then they wait.
-- Parameters: connection_id, kind, among (whom an export missed, or NULL), push_visible_seconds, again_seconds.
WITH missing AS (
    SELECT a.member_id,
           coalesce(a.absent_by <> :kind
                    AND a.absent_at < reconciler.clock() - make_interval(secs => :again_seconds)
                    AND coalesce(a.pushed_at < reconciler.clock() - make_interval(secs => :push_visible_seconds), true),
                    false) AS is_confirmed
    FROM reconciler.members AS a
    WHERE a.connection_id = :connection_id AND a.on_list AND a.status <> 'deleted'
      AND (CAST(:among AS uuid[]) IS NULL OR a.member_id = ANY (CAST(:among AS uuid[])))
      AND NOT EXISTS (SELECT FROM reconciler.readings AS r
                      WHERE r.connection_id = a.connection_id AND r.member_id = a.member_id)
)
UPDATE reconciler.members AS m
SET on_list = NOT g.is_confirmed,
    left_at = CASE WHEN g.is_confirmed THEN reconciler.clock() ELSE m.left_at END,
    absent_at = CASE WHEN g.is_confirmed THEN NULL ELSE coalesce(m.absent_at, reconciler.clock()) END,
    absent_by = CASE WHEN g.is_confirmed THEN NULL ELSE coalesce(m.absent_by, :kind) END
FROM missing AS g
WHERE m.connection_id = :connection_id AND m.member_id = g.member_id AND (g.is_confirmed OR m.absent_at IS NULL);
