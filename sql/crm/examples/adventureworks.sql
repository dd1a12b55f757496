-- The contacts of a CRM that keeps a person in four tables, as Microsoft's sample AdventureWorks does.
--
-- For schemas of this shape, namely person, email_address, person_phone and person_address, joined by
-- person_id. Every table has its own modified_at, a timestamp without time zone that holds UTC.
-- One database is one workspace, so there is no workspace column.
--
-- One row per person. A person has one email_address, and at most one person_phone of each
-- phone_type (cell, work, home) and one person_address of each address_type (home, shipping).
-- The tables' keys promise that. Where yours do not, a join returns a person twice and the
-- statement is refused, so pick one row first (DISTINCT ON).
--
-- A person changed when any of their rows did, hence GREATEST of the times and LEAST of the ages. Every
-- joined table is counted. Both ignore the NULLs of rows that are not there. A row whose type changes
-- leaves its join, but enters that of the new type and is counted there, because each type has a join.
-- If yours have more types than these, count all rows of the person instead, as espocrm.sql does. A
-- phone or an address that is deleted, not changed, leaves no trace in either, and is found by the daily
-- sweep.
--
-- There is no last name and nothing that says who opted out, so those columns are left out. Everybody
-- belongs. If you had a flag for it, it would go into a column "eligible".
SELECT
    CAST(person.person_id AS text) AS contact_id,
    email_address.email,
    GREATEST(
        person.modified_at, email_address.modified_at,
        cell.modified_at, desk.modified_at, house.modified_at,
        home.modified_at, shipping.modified_at
    ) AT TIME ZONE 'UTC' AS changed_at,
    LEAST(
        age(person.xmin), age(email_address.xmin),
        age(cell.xmin), age(desk.xmin), age(house.xmin),
        age(home.xmin), age(shipping.xmin)
    ) AS row_age,
    person.first_name,
    person.job_title,
    cell.phone_number AS mobile_phone,
    desk.phone_number AS work_phone,
    house.phone_number AS home_phone,
    NULLIF(concat_ws(', ', home.line1, home.line2), '') AS home_street,
    home.city AS home_city,
    home.state_province AS home_state,
    home.postal_code AS home_postal_code,
    home.country AS home_country,
    NULLIF(concat_ws(', ', shipping.line1, shipping.line2), '') AS other_street,
    shipping.city AS other_city,
    shipping.state_province AS other_state,
    shipping.postal_code AS other_postal_code,
    shipping.country AS other_country
FROM person
LEFT JOIN email_address ON email_address.person_id = person.person_id
LEFT JOIN person_phone AS cell ON cell.person_id = person.person_id AND cell.phone_type = 'cell'
LEFT JOIN person_phone AS desk ON desk.person_id = person.person_id AND desk.phone_type = 'work'
LEFT JOIN person_phone AS house ON house.person_id = person.person_id AND house.phone_type = 'home'
LEFT JOIN person_address AS home ON home.person_id = person.person_id AND home.address_type = 'home'
LEFT JOIN person_address AS shipping
    ON shipping.person_id = person.person_id AND shipping.address_type = 'shipping'
