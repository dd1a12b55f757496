-- The migrations that ran, in order.
SELECT version, name, checksum FROM reconciler.schema_migrations ORDER BY version;
