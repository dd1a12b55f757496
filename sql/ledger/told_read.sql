-- What people were last told of each connection, where they were told anything.
SELECT connection_id, state FROM reconciler.told;
