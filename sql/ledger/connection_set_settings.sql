-- Keep the times and limits that differ from their defaults. Parameters: connection_id, settings.
UPDATE reconciler.connections SET settings = CAST(:settings AS jsonb) WHERE connection_id = :connection_id;
