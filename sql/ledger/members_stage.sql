-- Make the staging table of one reading of Constant Contact; it ends with the transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_members (
    member_id uuid NOT NULL,
    address_hash bytea,
    status text NOT NULL,
    on_list boolean,
    address text NOT NULL DEFAULT '',
    fields jsonb,
    updated_at timestamptz,
    opted_out_at timestamptz,
    deleted_at timestamptz,
    occupied jsonb NOT NULL DEFAULT '{}'
) ON COMMIT DROP;
