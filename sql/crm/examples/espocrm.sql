-- The contacts of an EspoCRM database on PostgreSQL.
--
-- One database is one workspace. Leads are another table of the same shape, for a statement of their own.
--
-- A contact has any number of addresses and phones. They are rows of email_address and phone_number,
-- joined by entity_email_address and entity_phone_number, which other entities use too. Both are folded
-- into one row per contact before they are joined.
--
-- The address is the primary one. Its opt_out is the opt-out. Espo also keeps opt-outs by target list
-- (contact_target_list), which are not looked at here. A primary address that Espo has marked invalid
-- does not belong on the list.
--
-- Of each kind of phone there is one, the primary one first. do_not_call is about calls, not about mail,
-- and is left out. The title of a contact is their role at their account, in account_contact.
--
-- Deleted rows stay in their tables with deleted = true. So a deleted contact is returned and is not
-- eligible. What deletes or moves a value must make the contact young, hence row_age counts all rows of
-- a contact, and only the values ask for deleted and primary. No join asks for them.
--
-- There is no changed_at, because there is no honest one. An unsubscribe writes email_address only, and
-- that table has no time. When somebody edits the addresses of a contact, Espo really deletes the link
-- to an address that is gone, but it writes the contact too. A link that is deleted by other means
-- leaves no trace, and is found by the daily sweep.
SELECT
    contact.id AS contact_id,
    mail.address AS email,
    LEAST(
        age(contact.xmin), age(account.xmin), age(job.xmin), mail.row_age, phones.row_age
    ) AS row_age,
    contact.deleted IS NOT TRUE AND mail.invalid IS NOT TRUE AS eligible,
    mail.opted_out,
    contact.first_name,
    contact.last_name,
    CASE WHEN job.deleted IS NOT TRUE THEN job.role END AS job_title,
    CASE WHEN account.deleted IS NOT TRUE THEN account.name END AS company_name,
    phones.mobile AS mobile_phone,
    phones.office AS work_phone,
    phones.home AS home_phone,
    phones.other AS other_phone,
    contact.address_street AS home_street,
    contact.address_city AS home_city,
    contact.address_state AS home_state,
    contact.address_postal_code AS home_postal_code,
    contact.address_country AS home_country
FROM contact
LEFT JOIN account ON account.id = contact.account_id
LEFT JOIN account_contact AS job
    ON job.contact_id = contact.id AND job.account_id = contact.account_id
LEFT JOIN (
    SELECT
        entity_id,
        min(row_age) AS row_age,
        max(name) FILTER (WHERE is_used) AS address,
        bool_or(opt_out) FILTER (WHERE is_used) AS opted_out,
        bool_or(invalid) FILTER (WHERE is_used) AS invalid
    FROM (
        SELECT
            link.entity_id,
            address.name,
            address.opt_out,
            address.invalid,
            LEAST(age(link.xmin), age(address.xmin)) AS row_age,
            link."primary" AND link.deleted IS NOT TRUE AND address.deleted IS NOT TRUE AS is_used
        FROM entity_email_address AS link
        LEFT JOIN email_address AS address ON address.id = link.email_address_id
        WHERE link.entity_type = 'Contact'
    ) AS addresses
    GROUP BY entity_id
) AS mail ON mail.entity_id = contact.id
LEFT JOIN (
    SELECT
        entity_id,
        min(row_age) AS row_age,
        (array_agg(name ORDER BY is_second, name) FILTER (WHERE is_used AND type = 'Mobile'))[1] AS mobile,
        (array_agg(name ORDER BY is_second, name) FILTER (WHERE is_used AND type = 'Office'))[1] AS office,
        (array_agg(name ORDER BY is_second, name) FILTER (WHERE is_used AND type = 'Home'))[1] AS home,
        (array_agg(name ORDER BY is_second, name) FILTER (WHERE is_used AND type = 'Other'))[1] AS other
    FROM (
        SELECT
            link.entity_id,
            number.name,
            number.type,
            LEAST(age(link.xmin), age(number.xmin)) AS row_age,
            link."primary" IS NOT TRUE AS is_second,
            link.deleted IS NOT TRUE AND number.deleted IS NOT TRUE AND number.invalid IS NOT TRUE AS is_used
        FROM entity_phone_number AS link
        LEFT JOIN phone_number AS number ON number.id = link.phone_number_id
        WHERE link.entity_type = 'Contact'
    ) AS numbers
    GROUP BY entity_id
) AS phones ON phones.entity_id = contact.id
