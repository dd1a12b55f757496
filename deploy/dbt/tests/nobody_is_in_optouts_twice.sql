-- A join with the CRM must not multiply rows.
SELECT connection, contact_id, count(*) AS times
FROM {{ source('reconciler', 'v1_optouts') }}
GROUP BY connection, contact_id
HAVING count(*) > 1
