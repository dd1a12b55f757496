-- The rows of a run that a file of its report has: all rows of its first changed contacts, of those whose change came to
-- nothing yet, and of those who were left alone for each reason; each with how many contacts there are of its kind.
-- Parameters: run_id, changed (how many contacts), others (how many of each other kind).
WITH people AS (
    SELECT contact_id, min(row_number) AS place,
           CASE WHEN NOT bool_or(action <> 'skip') THEN coalesce(max(code) FILTER (WHERE field IS NULL), 'field_refused')
                WHEN bool_or(outcome IN ('rejected', 'in_doubt')) THEN 'to_look_at' ELSE 'changed' END AS kind
    FROM reconciler.run_rows WHERE run_id = :run_id GROUP BY contact_id
), numbered AS (
    SELECT contact_id, place, kind, row_number() OVER (PARTITION BY kind ORDER BY place) AS number,
           count(*) OVER (PARTITION BY kind) AS in_all
    FROM people
)
SELECT r.contact_id, r.email, r.action, r.field, r.before, r.after, r.outcome, r.code, r.message, n.kind, n.in_all
FROM numbered AS n JOIN reconciler.run_rows AS r ON r.run_id = :run_id AND r.contact_id = n.contact_id
WHERE n.number <= CASE n.kind WHEN 'changed' THEN :changed ELSE :others END
ORDER BY n.place, r.row_number;
