-- Active contacts of the account, as the mirror knows it, and how many a plan would make besides, without those that somebody
-- approved; and how many changes it has in all. Parameters: connection_id, run_id.
SELECT (SELECT count(*) FROM reconciler.members AS m
        WHERE m.connection_id = :connection_id AND m.status IN ('explicit', 'implicit')) AS active,
       (SELECT count(*) FROM reconciler.plan_changes AS o
        WHERE o.run_id = :run_id AND o.kind = 'add' AND o.member_id IS NULL
          AND NOT EXISTS (SELECT FROM reconciler.approvals AS a
                          JOIN reconciler.plan_changes AS b
                            ON b.run_id = a.run_id AND b.contact_id = o.contact_id AND b.kind = o.kind
                          WHERE a.connection_id = :connection_id AND a.until > reconciler.clock())) AS people,
       (SELECT count(*) FROM reconciler.plan_changes WHERE run_id = :run_id AND kind <> 'skip') AS changes;
