-- Whether the mirror of the account was written by a later transaction than that one. Parameters: connection_id, xid.
SELECT EXISTS (SELECT FROM reconciler.members AS m
               WHERE m.connection_id = :connection_id AND age(m.xmin) < age(CAST(CAST(:xid AS text) AS xid)));
