-- Make the staging table of one extraction; it ends with the transaction.
CREATE TEMPORARY TABLE staged_contacts (
    contact_id text COLLATE "C" NOT NULL,
    address text NOT NULL,
    address_hash bytea,
    fault text NOT NULL,
    eligible boolean NOT NULL,
    opted_out boolean NOT NULL,
    fields jsonb NOT NULL,
    refused jsonb NOT NULL,
    is_forgotten boolean NOT NULL,
    is_on_time boolean NOT NULL
) ON COMMIT DROP;
