-- The contacts of a CRM in one table without a modification time, as the sample database Chinook is.
--
-- For schemas of this shape, namely one table whose mixed-case column names have to be quoted, and no
-- column that says when a row changed. One database is one workspace.
--
-- There is neither changed_at nor row_age. So the window is "whole". Every run reads and compares
-- everything, and a row that disappears is noticed by the next run, too. That is right where reading
-- everything takes less than 2 seconds. For a bigger table add age(xmin) AS row_age. Then a run reads
-- only rows of a newer version, and a row that disappears is found by the daily sweep.
--
-- The one address of a customer goes to home_. Where your customers are firms, work_ may suit better.
-- A fax number is no phone, and is left out.
SELECT
    CAST("CustomerId" AS text) AS contact_id,
    "Email" AS email,
    "FirstName" AS first_name,
    "LastName" AS last_name,
    "Company" AS company_name,
    "Phone" AS phone,
    "Address" AS home_street,
    "City" AS home_city,
    "State" AS home_state,
    "PostalCode" AS home_postal_code,
    "Country" AS home_country
FROM customer
