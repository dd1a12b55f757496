-- Make the staging table of who is on the list by an export; it ends with the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_listed (member_id uuid NOT NULL) ON COMMIT DROP;
