-- Whether nobody is about to change what notes are of; whoever begins to waits until the transaction ends.
-- Parameter: connection_id.
SELECT pg_try_advisory_xact_lock(hashtextextended('sage-reconciler candidates', :connection_id)) AS is_alone;
