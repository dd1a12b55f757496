-- What a run did for certain: a row for each person it added (no field), and for each field that it changed, from what to
-- what, beside the member as it was last seen. Fields that it filled for the people it added are not among them: these
-- are undone by taking the person off. `crm_before` is what the CRM had, where it is known that the CRM had changed it;
-- `moved_from`: its address, where it was changed to one of another member. Parameters: run_id.
WITH done AS MATERIALIZED (
    SELECT row_number, contact_id, email, action, field, coalesce(before, '') AS before, coalesce(after, '') AS after, code,
           formerly
    FROM reconciler.run_rows WHERE run_id = :run_id AND action <> 'skip' AND outcome = 'verified'
), added AS (
    SELECT contact_id, max(email) AS email FROM done WHERE action = 'add' GROUP BY contact_id
), changed AS (
    -- An import and then a call of its own may have written the same field: the first says what stood there before.
    SELECT contact_id, field, (array_agg(email ORDER BY row_number DESC))[1] AS email,
           (array_agg(before ORDER BY row_number))[1] AS before, (array_agg(after ORDER BY row_number DESC))[1] AS after
    FROM done WHERE field IS NOT NULL AND code NOT IN ('field_refused', 'not_taken_yet') GROUP BY contact_id, field
), crm AS (
    -- What it had before the first of these changes.
    SELECT DISTINCT ON (contact_id) contact_id, formerly FROM done WHERE formerly IS NOT NULL ORDER BY contact_id, row_number
), undone AS (
    SELECT contact_id, email, NULL AS field, '' AS before, '' AS after FROM added
    UNION ALL
    SELECT c.contact_id, c.email, c.field, c.before, c.after FROM changed AS c
    WHERE c.before <> c.after AND NOT (c.before = '' AND EXISTS (SELECT FROM added AS a WHERE a.contact_id = c.contact_id))
)
SELECT d.contact_id, coalesce(m.address, d.email) AS email, d.field, d.before, d.after,
       CASE WHEN m.on_list AND m.left_at IS NULL AND m.absent_at IS NULL AND m.status IN ('explicit', 'implicit')
                 AND d.field IS NOT NULL THEN coalesce(m.fields, '{}') END AS present,
       -- Constant Contact may show a value in a form of its own.
       coalesce(m.fields ->> d.field, '') = d.after
       OR p.applied ->> d.field = d.after AND p.shown ->> d.field = m.fields ->> d.field AS is_as_left,
       nullif(h.formerly ->> d.field, d.after) AS crm_before,
       CASE WHEN NOT EXISTS (SELECT FROM changed AS e WHERE e.contact_id = d.contact_id AND e.field = 'email')
            THEN h.formerly ->> 'email' END AS moved_from
FROM undone AS d
JOIN reconciler.runs AS u ON u.run_id = :run_id
LEFT JOIN crm AS h ON h.contact_id = d.contact_id
LEFT JOIN reconciler.pairs AS p ON p.connection_id = u.connection_id AND p.contact_id = d.contact_id
LEFT JOIN reconciler.members AS m ON m.connection_id = u.connection_id AND m.member_id = p.member_id
ORDER BY d.contact_id, d.field NULLS FIRST;
