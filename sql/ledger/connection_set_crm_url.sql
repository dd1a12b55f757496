-- Keep the CRM's address, sealed. Parameters: connection_id, sealed.
UPDATE reconciler.connections SET crm_url_sealed = CAST(:sealed AS text) WHERE connection_id = :connection_id;
