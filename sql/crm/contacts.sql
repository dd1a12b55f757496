-- The contacts of one workspace, as Sage's own table "contacts" has them.
--
-- This is the statement a connection uses unless it is given another one. To adapt it to your
-- tables, keep the names on the right of AS and change what stands on the left. Order is free.
--
-- contact_id     what identifies the contact for good. Required, and no two rows may share it.
-- email          the address. Required as a column, but may be NULL.
-- changed_at     when the row last changed, as a time with time zone.
-- row_age        how many transactions ago the row was last written. With it nothing that is
--                committed late is missed. Over joined tables take the LEAST of their ages. Over a
--                view leave it out, as a view has no xmin.
-- eligible       whether the contact belongs on the list. Do not filter people out with WHERE.
--                Return every row of the workspace and say here who belongs. A row that
--                disappears is noticed only by the daily full run, a row that says no at once.
-- opted_out      whether the contact has told you that they want no marketing.
-- first_name     and last_name, job_title and company_name. There are also birthday_month,
--                birthday_day and anniversary.
-- phone          a number of no stated kind. There are also home_phone, work_phone, mobile_phone
--                and other_phone.
-- home_street    and the other four parts of a home address. The same five exist with work_ and
--                with other_ in front.
--
-- A column that you leave out means that the list's field is none of the CRM's business, and it
-- is left alone. Any other name is an error, except cf_ followed by the name of a custom field.
-- Write CAST(x AS text) where you would write two colons. No semicolon at the end.
SELECT
    id AS contact_id,
    email,
    updated_at AS changed_at,
    age(xmin) AS row_age,
    deleted_at IS NULL AS eligible,
    marketing_opt_out AS opted_out,
    first_name,
    last_name,
    job_title,
    company AS company_name,
    phone,
    mobile AS mobile_phone,
    street AS home_street,
    city AS home_city,
    state AS home_state,
    postal_code AS home_postal_code,
    country AS home_country
FROM contacts
WHERE workspace = :workspace
