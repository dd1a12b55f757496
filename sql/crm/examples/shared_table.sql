-- The contacts of one workspace, out of tables that all workspaces share.
--
-- For schemas of this shape, namely customer and customer_phone, both with a tenant_id. The connection's
-- workspace is that number, such as --workspace 42. Customers are numbered anew in each workspace.
--
-- Both tables need an index that begins with the workspace's column. Without one each run reads the rows
-- of all workspaces. Here these are the primary key of customer (tenant_id, customer_id) and
--     CREATE INDEX CONCURRENTLY customer_phone_owner ON customer_phone (tenant_id, customer_id)
-- Write tenant_id = CAST(:workspace AS integer). The other way round, a CAST of the column, no index on
-- the column is used. Each table that is read has its own condition, also within a subselect.
--
-- WHERE says which workspace, and nothing else. Who belongs is said by eligible. Here that is who has
-- agreed to the newsletter and is not archived. Who has left it since then is opted out.
--
-- The phones of a customer are folded into one row before they are joined. A number that is replaced
-- stays in the table and is no longer current. So the values ask for is_current, and the age and the
-- time count every row. A phone that is given to another customer makes only the new one young. A row
-- that is deleted makes nobody young. Both are found by the daily sweep.
--
-- Both tables keep times with time zone. Without one write AT TIME ZONE and the zone they are kept in.
SELECT
    CAST(customer.customer_id AS text) AS contact_id,
    customer.email,
    GREATEST(customer.updated_at, phones.updated_at) AS changed_at,
    LEAST(age(customer.xmin), phones.row_age) AS row_age,
    customer.newsletter IS TRUE AND customer.archived_at IS NULL AS eligible,
    customer.unsubscribed_at IS NOT NULL AS opted_out,
    customer.given_name AS first_name,
    customer.family_name AS last_name,
    customer.position AS job_title,
    customer.organisation AS company_name,
    phones.mobile AS mobile_phone,
    phones.office AS work_phone,
    customer.address_line AS work_street,
    customer.town AS work_city,
    customer.region AS work_state,
    customer.zip AS work_postal_code,
    customer.country AS work_country
FROM customer
LEFT JOIN (
    SELECT
        phone.customer_id,
        min(age(phone.xmin)) AS row_age,
        max(phone.updated_at) AS updated_at,
        max(phone.number) FILTER (WHERE phone.is_current AND phone.kind = 'mobile') AS mobile,
        max(phone.number) FILTER (WHERE phone.is_current AND phone.kind = 'office') AS office
    FROM customer_phone AS phone
    WHERE phone.tenant_id = CAST(:workspace AS integer)
    GROUP BY phone.customer_id
) AS phones ON phones.customer_id = customer.customer_id
WHERE customer.tenant_id = CAST(:workspace AS integer)
