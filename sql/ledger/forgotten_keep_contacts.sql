-- Keep the hashes of contacts that were forgotten. Safe to repeat. Parameters: connection_id, hashes.
INSERT INTO reconciler.forgotten_contacts (connection_id, contact_hash, forgotten_at)
SELECT :connection_id, w.hash, reconciler.clock() FROM unnest(CAST(:hashes AS bytea[])) AS w (hash)
ON CONFLICT (connection_id, contact_hash) DO NOTHING;
