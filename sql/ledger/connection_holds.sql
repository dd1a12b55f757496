-- How much the ledger has of a connection. Parameter: connection_id.
SELECT (SELECT count(*) FROM reconciler.contacts WHERE connection_id = :connection_id) AS contacts,
       (SELECT count(*) FROM reconciler.members WHERE connection_id = :connection_id) AS members,
       (SELECT count(*) FROM reconciler.runs WHERE connection_id = :connection_id) AS runs,
       (SELECT count(*) FROM reconciler.run_rows AS r JOIN reconciler.runs AS u ON u.run_id = r.run_id
        WHERE u.connection_id = :connection_id) AS rows;
