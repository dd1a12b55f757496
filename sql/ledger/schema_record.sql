-- Record that a migration ran. Parameters: version, name, checksum.
INSERT INTO reconciler.schema_migrations (version, name, checksum) VALUES (:version, :name, :checksum);
