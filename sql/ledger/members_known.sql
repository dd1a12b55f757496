-- How many people of the account the mirror knows, the deleted too. Parameter: connection_id.
SELECT count(*) FROM reconciler.members WHERE connection_id = :connection_id;
