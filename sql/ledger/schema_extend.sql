-- What that table has got since it was made in this ledger; it comes before the next migration.
ALTER TABLE reconciler.schema_migrations ADD COLUMN IF NOT EXISTS oldest_program integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN reconciler.schema_migrations.oldest_program IS 'Programs that do not know this migration can''t use the ledger any more; 0: all can.';
