-- The contacts of a CRM in one table without a modification time, as the sample database Chinook is.
--
-- For schemas of this shape, namely one table whose mixed-case column names have to be quoted, and no
-- column that says when a row changed. There is no changed_at then, so every run compares everything,
-- which is cheap for a table of this size. One database is one workspace.
--
-- The one address of a customer goes to home_. Where your customers are firms, work_ may suit better.
-- A fax number is no phone, and is left out.
SELECT
    CAST("CustomerId" AS text) AS contact_id,
    "Email" AS email,
    age(xmin) AS row_age,
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
