-- Every contact that a run read or took up, in exactly one bucket. What happened to it in this run decides; else how
-- its pair stands. A contact without a pair has no bucket: the balance then shows it.
-- Parameters: run_id, connection_id, whole (everything was read).
WITH touched AS (
    SELECT contact_id FROM reconciler.reads WHERE run_id = :run_id
    UNION SELECT contact_id FROM reconciler.plan_changes WHERE run_id = :run_id
    UNION SELECT contact_id FROM reconciler.run_rows WHERE run_id = :run_id
    UNION SELECT contact_id FROM reconciler.contacts WHERE :whole AND connection_id = :connection_id AND gone_at IS NULL
), done AS (
    SELECT DISTINCT ON (contact_id) contact_id, action, outcome, code FROM reconciler.run_rows
    WHERE run_id = :run_id AND action <> 'skip'
    -- Who was put on the list in this run counts as added, whatever was done to them after that.
    ORDER BY contact_id, action = 'add' AND outcome = 'verified' DESC, row_number DESC
), held AS (
    SELECT contact_id, address_hash, former_hash FROM reconciler.batch_contacts
    WHERE connection_id = :connection_id AND NOT settled
)
SELECT b.bucket, b.reason, b.code, b.was_read, coalesce(o.is_new, false) AS is_new, count(*) AS contacts
FROM touched AS t
LEFT JOIN done AS d ON d.contact_id = t.contact_id
LEFT JOIN held AS h ON h.contact_id = t.contact_id
LEFT JOIN reconciler.plan_changes AS o ON o.run_id = :run_id AND o.contact_id = t.contact_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = :connection_id AND p.contact_id = t.contact_id
LEFT JOIN reconciler.contacts AS c ON c.connection_id = :connection_id AND c.contact_id = t.contact_id
LEFT JOIN reconciler.watermarks AS w ON w.connection_id = :connection_id
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN d.outcome = 'verified' THEN CASE d.action WHEN 'add' THEN 'added' ELSE 'updated' END
        WHEN d.code IN ('observed', 'read_only', 'not_started')
            THEN CASE d.action WHEN 'add' THEN 'added' ELSE 'updated' END
        WHEN d.outcome = 'skipped' THEN 'suppressed'
        WHEN d.outcome IS NOT NULL THEN d.outcome
        WHEN h.contact_id IS NOT NULL THEN 'in_doubt'
        -- What another contact has in doubt under this address comes first: it is decided when that is known.
        WHEN p.contact_digest IS DISTINCT FROM c.digest
             AND EXISTS (SELECT FROM held AS a WHERE c.address_hash IN (a.address_hash, a.former_hash)) THEN 'deferred'
        WHEN coalesce(o.reason, p.verdict) IN ('unsubscribed', 'left_list', 'deleted_there', 'not_mailable', 'opted_out',
                                               'out_of_scope', 'forgotten') THEN 'suppressed'
        WHEN coalesce(o.reason, p.verdict) IN ('membership_unclear', 'address_taken', 'moved', 'readdress', 'add', 'update')
            THEN 'deferred'
        WHEN coalesce(o.reason, p.verdict) IN ('needs_single_write', 'too_many_lists') THEN 'rejected'
        WHEN p.verdict IS NULL AND NOT EXISTS (SELECT FROM reconciler.plans WHERE run_id = :run_id) THEN 'deferred'
        ELSE coalesce(o.reason, p.verdict) END AS bucket,
    CASE WHEN d.outcome = 'skipped' THEN d.code ELSE coalesce(o.reason, p.verdict) END AS reason,
    CASE WHEN d.outcome IN ('rejected', 'deferred', 'in_doubt', 'skipped') THEN d.code
         ELSE coalesce(o.reason, p.verdict) END AS code,
    :whole AND (c.gone_at IS NULL OR c.gone_at > w.read_at)
        OR EXISTS (SELECT FROM reconciler.reads AS r WHERE r.run_id = :run_id AND r.contact_id = t.contact_id) AS was_read
) AS b
GROUP BY b.bucket, b.reason, b.code, b.was_read, coalesce(o.is_new, false)
ORDER BY b.bucket, b.reason, b.code, b.was_read, 5;
