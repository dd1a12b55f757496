-- The rows of a run that a page shows: its first changed contacts, and the first of those to look at; each with how many
-- there are. A run may have millions. Parameters: run_id, contacts (changed ones), codes (to look at), looked (of these).
WITH changed AS (
    SELECT contact_id, outcome, min(row_number) AS place FROM reconciler.run_rows
    WHERE run_id = :run_id AND action <> 'skip' GROUP BY contact_id, outcome
), looked AS (
    SELECT min(row_number) AS place FROM reconciler.run_rows
    WHERE run_id = :run_id AND (outcome IN ('rejected', 'in_doubt') OR code = ANY (CAST(:codes AS text[])))
    GROUP BY contact_id, email, code, field, message
), shown AS (
    SELECT r.row_number FROM (SELECT * FROM changed ORDER BY place LIMIT :contacts) AS c
    JOIN reconciler.run_rows AS r ON r.run_id = :run_id AND r.contact_id = c.contact_id AND r.outcome = c.outcome
                                 AND r.action <> 'skip'
    UNION
    SELECT place FROM (SELECT * FROM looked ORDER BY place LIMIT :looked) AS l
)
SELECT r.run_id, r.contact_id, r.email, r.action, r.field, r.before, r.after, r.outcome, r.code, r.message,
       (SELECT count(*) FROM changed) AS changed, (SELECT count(*) FROM looked) AS looked_at
FROM reconciler.run_rows AS r JOIN shown AS s ON s.row_number = r.row_number
WHERE r.run_id = :run_id ORDER BY r.row_number;
