-- Make the staging table of receipts; it ends with the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_receipts (
    contact_id text COLLATE "C" PRIMARY KEY,
    outcome text NOT NULL,
    member_id uuid,
    shown jsonb NOT NULL,
    refused jsonb NOT NULL,
    untaken jsonb NOT NULL,
    unsent jsonb NOT NULL,
    again_seconds double precision,
    code text NOT NULL,
    message text NOT NULL
) ON COMMIT DROP;
