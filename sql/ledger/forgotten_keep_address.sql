-- Keep the hash of an address that was forgotten. Safe to repeat. Parameter: address_hash.
INSERT INTO reconciler.forgotten_addresses (address_hash, forgotten_at) VALUES (:address_hash, reconciler.clock())
ON CONFLICT (address_hash) DO NOTHING;
