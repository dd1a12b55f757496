-- The table in which migrations are recorded; it comes before the first of them.
CREATE SCHEMA IF NOT EXISTS reconciler;
CREATE TABLE IF NOT EXISTS reconciler.schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    oldest_program integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE reconciler.schema_migrations IS 'Which migrations ran, and with what text.';
COMMENT ON COLUMN reconciler.schema_migrations.version IS 'The number of the file.';
COMMENT ON COLUMN reconciler.schema_migrations.name IS 'The file''s name.';
COMMENT ON COLUMN reconciler.schema_migrations.checksum IS 'SHA-256 of its text.';
COMMENT ON COLUMN reconciler.schema_migrations.applied_at IS 'When it ran.';
COMMENT ON COLUMN reconciler.schema_migrations.oldest_program IS 'Programs that do not know this migration can''t use the ledger any more; 0: all can.';
