-- What the CRM's tables are like at the watermark: other ones may hold changes that no window shows.
ALTER TABLE reconciler.watermarks ADD COLUMN structure text NOT NULL DEFAULT '';
COMMENT ON COLUMN reconciler.watermarks.structure IS 'A digest of the tables that the statement reads, apart from their rows; empty: not known.';
