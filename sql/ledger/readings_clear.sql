-- Begin or end a whole reading of the list. Parameter: connection_id.
DELETE FROM reconciler.readings WHERE connection_id = :connection_id;
