-- After a whole reading of the list: who was on it and is missing. One reading alone is no proof, because pages shift
-- and the index lags: a second one of the other kind, some minutes later, is; but not soon after our own push. Until then they wait.
-- Parameters: connection_id, kind, push_visible_seconds, again_seconds.
UPDATE reconciler.members AS m
SET on_list = NOT confirmed.yes,
    left_at = CASE WHEN confirmed.yes THEN reconciler.clock() ELSE m.left_at END,
    absent_at = CASE WHEN confirmed.yes THEN NULL ELSE coalesce(m.absent_at, reconciler.clock()) END,
    absent_by = CASE WHEN confirmed.yes THEN NULL ELSE coalesce(m.absent_by, :kind) END
FROM (SELECT a.member_id,
             coalesce(a.absent_by <> :kind
                      AND a.absent_at < reconciler.clock() - make_interval(secs => :again_seconds)
                      AND coalesce(a.pushed_at < reconciler.clock() - make_interval(secs => :push_visible_seconds), true),
                      false) AS yes
      FROM reconciler.members AS a WHERE a.connection_id = :connection_id) AS confirmed
WHERE m.connection_id = :connection_id
  AND confirmed.member_id = m.member_id
  AND m.on_list
  AND m.status <> 'deleted'
  AND (confirmed.yes OR m.absent_at IS NULL)
  AND NOT EXISTS (SELECT FROM reconciler.readings AS r WHERE r.connection_id = m.connection_id AND r.member_id = m.member_id);
