-- Whoever changes what holds a connection waits here for the others who do. Parameter: connection_id.
SELECT connection_id FROM reconciler.connections WHERE connection_id = :connection_id FOR UPDATE;
