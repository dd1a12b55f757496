-- Forget a connection with all that belongs to it. Parameter: connection_id.
DELETE FROM reconciler.connections WHERE connection_id = :connection_id;
