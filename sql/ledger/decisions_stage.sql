-- Make the staging table of decisions; it ends with the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_decisions (
    contact_id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    verdict text NOT NULL,
    message text NOT NULL,
    member_id uuid,
    "values" jsonb NOT NULL,
    before jsonb NOT NULL,
    applied jsonb NOT NULL,
    shown jsonb NOT NULL,
    drifted text[] NOT NULL,
    look_again_seconds double precision,
    is_single boolean NOT NULL,
    has_rest boolean NOT NULL
) ON COMMIT DROP;
