-- How many mailable people may or may not be on the list: missed by the last reading, or sent and not yet seen.
-- Parameter: connection_id.
SELECT (SELECT count(*) FROM reconciler.members
        WHERE connection_id = :connection_id AND on_list AND absent_at IS NOT NULL AND status IN ('explicit', 'implicit'))
     + (SELECT count(*) FROM reconciler.batch_contacts AS b
        WHERE b.connection_id = :connection_id AND b.kind = 'add' AND NOT b.settled
          AND NOT EXISTS (SELECT FROM reconciler.members AS m
                          WHERE m.connection_id = b.connection_id AND m.address_hash = b.address_hash AND m.on_list));
