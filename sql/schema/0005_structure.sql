-- What the CRM's tables are like at the watermark: other ones may hold changes that no window shows.
ALTER TABLE reconciler.watermarks
    ADD COLUMN structure text NOT NULL DEFAULT '',
    ADD COLUMN types jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN structure_at timestamptz;
COMMENT ON COLUMN reconciler.watermarks.structure IS 'A digest of the tables that the statement reads, apart from their rows; empty: not known.';
COMMENT ON COLUMN reconciler.watermarks.types IS 'Names of types that PostgreSQL did not bring along, by their numbers.';
COMMENT ON COLUMN reconciler.watermarks.structure_at IS 'When it was last looked at; NULL: never.';
