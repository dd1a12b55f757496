-- This is where the ledger is. Parameters: connection_id, home.
UPDATE reconciler.connections SET home = CAST(:home AS jsonb) WHERE connection_id = :connection_id;
