-- What a tick has to know before it looks at the CRM: the watermark, if there is one; and whether a run would find
-- something to do, or to clear up, though nothing had changed there. Parameter: connection_id.
SELECT w.until, w.position, w.host, w.port, w.database, w.system_identifier, w.timeline, w.read_at, w.structure, w.types,
       w.structure_at,
       EXISTS (SELECT FROM reconciler.runs AS r WHERE r.connection_id = c.connection_id AND r.state IS NULL)
       OR EXISTS (SELECT FROM reconciler.batches AS b
                  WHERE b.connection_id = c.connection_id AND b.state IN ('intended', 'submitted'))
       OR EXISTS (SELECT FROM reconciler.contacts AS u WHERE u.connection_id = c.connection_id AND u.is_unsure)
       -- Counted: the first of them would be looked for as if it were likely to be there.
       OR NOT c.has_notes OR (SELECT count(*) FROM reconciler.noted(:connection_id)) > 0 AS is_something_open
FROM reconciler.connections AS c LEFT JOIN reconciler.watermarks AS w ON w.connection_id = c.connection_id
WHERE c.connection_id = :connection_id;
