-- Write the staged members that differ from the mirror. A page that shifted may have shown one twice.
-- An older reading never overwrites a newer one. Who is shown off the list by anything but a reading of their own
-- stays where they were: absence is judged apart. Safe to repeat.
-- Parameters: connection_id, read_at, by_id, push_visible_seconds.
WITH latest AS (
    SELECT DISTINCT ON (s.member_id) s.*,
           EXISTS (SELECT FROM reconciler.contacts AS c
                   WHERE c.connection_id = :connection_id AND c.address_hash = s.address_hash)
           OR EXISTS (SELECT FROM reconciler.pairs AS p
                      WHERE p.connection_id = :connection_id AND p.member_id = s.member_id)
           OR EXISTS (SELECT FROM reconciler.batch_contacts AS b
                      WHERE b.connection_id = :connection_id AND b.address_hash = s.address_hash AND NOT b.settled) AS is_ours
    FROM staged_members AS s
    WHERE s.fields IS NOT NULL
    ORDER BY s.member_id, s.updated_at DESC NULLS LAST
), judged AS (
    SELECT l.member_id, l.address_hash, l.status, l.updated_at, l.deleted_at, l.occupied,
           -- Who unsubscribed and was deleted after that has still unsubscribed, whatever a later answer leaves out.
           CASE WHEN l.status IN ('explicit', 'implicit') THEN l.opted_out_at
                ELSE coalesce(l.opted_out_at, m.opted_out_at, CASE WHEN m.status = 'unsubscribed' THEN m.read_at END)
           END AS opted_out_at,
           CASE WHEN l.is_ours THEN l.address END AS address,
           CASE WHEN l.is_ours THEN l.fields END AS fields,
           coalesce(l.on_list, m.on_list, false) AS seen,
           m.seen_on_list_at IS NOT NULL AND l.on_list = false AND l.status <> 'deleted' AND :by_id
               AND coalesce(m.pushed_at < reconciler.clock() - make_interval(secs => :push_visible_seconds), true)
               AS has_left,
           -- Shown off the list, but not proven: stays as it was until it is.
           coalesce(m.on_list, false) AND l.on_list = false AND l.status <> 'deleted' AS is_missing,
           -- Seen on this very list when the connection had it before.
           m.member_id IS NULL AND NOT coalesce(l.on_list, false) AND l.status <> 'deleted'
               AND EXISTS (SELECT FROM reconciler.earlier_members AS e
                           JOIN reconciler.connections AS c ON c.connection_id = e.connection_id AND c.list_id = e.list_id
                           WHERE e.connection_id = :connection_id AND e.member_id = l.member_id) AS left_earlier
    FROM latest AS l
    LEFT JOIN reconciler.members AS m ON m.connection_id = :connection_id AND m.member_id = l.member_id
), settled AS (
    SELECT j.*, CASE WHEN j.is_missing AND NOT j.has_left THEN true ELSE j.seen END AS on_list FROM judged AS j
)
INSERT INTO reconciler.members AS m (connection_id, member_id, address_hash, status, on_list, address, fields, updated_at,
                                     opted_out_at, deleted_at, occupied, read_at, seen_on_list_at, left_at)
SELECT :connection_id, s.member_id, s.address_hash, s.status, s.on_list, s.address, s.fields, s.updated_at,
       s.opted_out_at, s.deleted_at, s.occupied, :read_at, CASE WHEN s.seen OR s.left_earlier THEN CAST(:read_at AS timestamptz) END,
       CASE WHEN s.left_earlier THEN reconciler.clock() END
FROM settled AS s
ON CONFLICT (connection_id, member_id) DO UPDATE
SET address_hash = EXCLUDED.address_hash, status = EXCLUDED.status, on_list = EXCLUDED.on_list,
    address = EXCLUDED.address, fields = EXCLUDED.fields, updated_at = EXCLUDED.updated_at,
    opted_out_at = EXCLUDED.opted_out_at, deleted_at = EXCLUDED.deleted_at,
    occupied = EXCLUDED.occupied, read_at = EXCLUDED.read_at,
    seen_on_list_at = coalesce(EXCLUDED.seen_on_list_at, m.seen_on_list_at),
    left_at = CASE
        WHEN EXCLUDED.seen_on_list_at IS NOT NULL THEN NULL
        WHEN m.seen_on_list_at IS NOT NULL AND NOT EXCLUDED.on_list AND EXCLUDED.status <> 'deleted'
            THEN coalesce(m.left_at, reconciler.clock())
        ELSE m.left_at END,
    absent_at = CASE WHEN EXCLUDED.seen_on_list_at IS NOT NULL OR NOT EXCLUDED.on_list THEN NULL
                     WHEN :by_id THEN coalesce(m.absent_at, reconciler.clock()) ELSE m.absent_at END,
    absent_by = CASE WHEN EXCLUDED.seen_on_list_at IS NOT NULL OR NOT EXCLUDED.on_list THEN NULL
                     WHEN :by_id THEN coalesce(m.absent_by, 'id') ELSE m.absent_by END
WHERE m.read_at <= EXCLUDED.read_at
  AND ((m.address_hash, m.status, m.on_list, m.address, m.fields, m.updated_at, m.opted_out_at, m.deleted_at,
        m.occupied)
       IS DISTINCT FROM
       (EXCLUDED.address_hash, EXCLUDED.status, EXCLUDED.on_list, EXCLUDED.address, EXCLUDED.fields,
        EXCLUDED.updated_at, EXCLUDED.opted_out_at, EXCLUDED.deleted_at, EXCLUDED.occupied)
       OR (:by_id AND EXCLUDED.on_list AND EXCLUDED.seen_on_list_at IS NULL AND m.absent_at IS NULL)
       OR (EXCLUDED.seen_on_list_at IS NOT NULL
           AND (m.left_at IS NOT NULL OR m.absent_at IS NOT NULL OR m.seen_on_list_at IS NULL)));
