-- Sage's own table of contacts, as the demo makes it: one row per contact, many workspaces in one table.
-- May be run again at any time; it changes nothing that is there.

CREATE TABLE IF NOT EXISTS contacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace text NOT NULL,
    email text,
    first_name text,
    last_name text,
    phone text,
    mobile text,
    company text,
    job_title text,
    street text,
    city text,
    state text,
    postal_code text,
    country text,
    marketing_opt_out boolean NOT NULL DEFAULT false,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- clock_timestamp(), not now(): two changes within one transaction get two times.
CREATE OR REPLACE FUNCTION contacts_set_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = clock_timestamp();
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER contacts_set_updated_at
BEFORE UPDATE ON contacts
FOR EACH ROW EXECUTE FUNCTION contacts_set_updated_at();
