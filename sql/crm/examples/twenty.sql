-- The people of one workspace of Twenty, namely its tables person and company.
--
-- Twenty has a schema of its own for each workspace, called workspace_ and the workspace's id in base
-- 36. \dn in psql shows them. A parameter can't be the name of a schema, so name the schema once for
-- the user that reads, with
--     ALTER ROLE reader SET search_path = workspace_3ixj3i1a5avy16ptijtb3lae3
-- or write workspace_3ixj3i1a5avy16ptijtb3lae3.person and the same with company below. Two workspaces
-- are two connections, either with two users or with two copies of this file.
--
-- Mixed-case names have to be quoted. A field of several parts, such as phones, is one column for each
-- part. Fields that you have added are columns too, in camel case. Further addresses and phones of a
-- person stay in "emailsAdditionalEmails" and "phonesAdditionalPhones" and are left out.
--
-- Who is deleted in Twenty keeps their row with a time in "deletedAt" until the row is destroyed, so they
-- are returned and are not eligible. Twenty itself has nothing that says who opted out. If you have added
-- such a field, add person."noMarketing" AS opted_out under its own name.
--
-- A person has a city and no other part of an address. The address is that of the company, so it goes
-- to work_. What a deleted company says does not count, but its row does, so the join asks only for its
-- id.
--
-- "updatedAt" is a time with time zone. Twenty sets it, not the database, so a change by SQL does not
-- move it. row_age sees that change too. A row that is destroyed leaves no trace, and is found by the
-- daily sweep.
SELECT
    person.id AS contact_id,
    person."emailsPrimaryEmail" AS email,
    GREATEST(person."updatedAt", company."updatedAt") AS changed_at,
    LEAST(age(person.xmin), age(company.xmin)) AS row_age,
    person."deletedAt" IS NULL AS eligible,
    person."nameFirstName" AS first_name,
    person."nameLastName" AS last_name,
    person."jobTitle" AS job_title,
    CASE WHEN company."deletedAt" IS NULL THEN company.name END AS company_name,
    CASE
        WHEN left(person."phonesPrimaryPhoneNumber", 1) = '+' THEN person."phonesPrimaryPhoneNumber"
        WHEN person."phonesPrimaryPhoneNumber" <> '' THEN concat_ws(
            ' ', NULLIF(person."phonesPrimaryPhoneCallingCode", ''), person."phonesPrimaryPhoneNumber"
        )
    END AS phone,
    CASE WHEN company."deletedAt" IS NULL THEN concat_ws(
        ', ', NULLIF(company."addressAddressStreet1", ''), NULLIF(company."addressAddressStreet2", '')
    ) END AS work_street,
    CASE WHEN company."deletedAt" IS NULL THEN company."addressAddressCity" END AS work_city,
    CASE WHEN company."deletedAt" IS NULL THEN company."addressAddressState" END AS work_state,
    CASE WHEN company."deletedAt" IS NULL THEN company."addressAddressPostcode" END AS work_postal_code,
    CASE WHEN company."deletedAt" IS NULL THEN company."addressAddressCountry" END AS work_country
FROM person
LEFT JOIN company ON company.id = person."companyId"
