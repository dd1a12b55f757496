-- Record that a migration ran. Parameters: version, name, checksum, oldest_program.
INSERT INTO reconciler.schema_migrations (version, name, checksum, oldest_program)
VALUES (:version, :name, :checksum, :oldest_program);
