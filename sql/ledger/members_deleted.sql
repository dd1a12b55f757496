-- How many people the mirror knows as deleted there. Parameter: connection_id.
SELECT count(*) FROM reconciler.members WHERE connection_id = :connection_id AND status = 'deleted';
