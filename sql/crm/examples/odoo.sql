-- The contacts of an Odoo database, version 16 or newer, namely its table res_partner.
--
-- One database is one workspace. Needs the module mail, which every app for customers brings along. It
-- adds email_normalized and the blacklist.
--
-- res_partner holds people, companies and further addresses of both. All rows are returned. A person
-- belongs, unless archived. To have companies too, leave out the line with is_company. From 19.1 on
-- is_company is computed from the tax id, so a company without one counts as a person. Your own staff
-- are partners as well. "AND partner.partner_share" leaves them off.
--
-- Odoo keeps the whole name in one column. It is split as Odoo itself does it for payments, namely the
-- last word is the last name, and a single word is a first name. Where that is wrong too often, leave
-- last_name out and take the whole name as first_name.
--
-- email may hold "Name <address>" or several addresses. email_normalized is the first of them in lower
-- case, and NULL where none can be read. The raw text is then reported as an invalid address.
--
-- mail_blacklist is the opt-out of all mailings, by address. The opt-out of one mailing list
-- (mailing_subscription) belongs to mailing contacts, not to partners.
--
-- commercial_company_name is stored by Odoo with the person. After 19.0 it is their own name where there
-- is no company, hence NULLIF. A person under a company has the address of the company, so it
-- goes to work_. The name of a country is translated, and en_US is always there. In Odoo 15 and older
-- it is plain text, so write country.name.
--
-- There is one phone. Up to Odoo 18 there is also partner.mobile, to be added AS mobile_phone.
--
-- write_date is without time zone and holds UTC. Every joined table is counted in both changed_at and
-- row_age. The join to the blacklist does not ask for active. A row that is deactivated must stay in
-- the join, or its person would not become young. A blacklist row that is deleted, or is given another
-- address, leaves no trace at its former person, who is found by the daily sweep.
SELECT
    CAST(partner.id AS text) AS contact_id,
    COALESCE(partner.email_normalized, partner.email) AS email,
    GREATEST(
        partner.write_date, blacklist.write_date, state.write_date, country.write_date
    ) AT TIME ZONE 'UTC' AS changed_at,
    LEAST(
        age(partner.xmin), age(blacklist.xmin), age(state.xmin), age(country.xmin)
    ) AS row_age,
    partner.active
        AND partner.is_company IS NOT TRUE
        AND COALESCE(partner.type, 'contact') = 'contact' AS eligible,
    COALESCE(blacklist.active, false) AS opted_out,
    regexp_replace(trim(partner.name), '\s+\S+$', '') AS first_name,
    substring(trim(partner.name) FROM '\s(\S+)$') AS last_name,
    partner.function AS job_title,
    NULLIF(partner.commercial_company_name, partner.name) AS company_name,
    partner.phone,
    NULLIF(concat_ws(', ', partner.street, partner.street2), '') AS work_street,
    partner.city AS work_city,
    state.name AS work_state,
    partner.zip AS work_postal_code,
    country.name ->> 'en_US' AS work_country
FROM res_partner AS partner
LEFT JOIN mail_blacklist AS blacklist ON blacklist.email = partner.email_normalized
LEFT JOIN res_country_state AS state ON state.id = partner.state_id
LEFT JOIN res_country AS country ON country.id = partner.country_id
