-- How many contacts the CRM statement returns now. Parameter: connection_id.
SELECT count(*) FROM reconciler.contacts WHERE connection_id = :connection_id AND gone_at IS NULL;
