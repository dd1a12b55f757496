-- The numbers that somebody has approved of, and the approval still counts: what was answered last has the word, also where
-- another hold has come between. Parameters: connection_id, reason.
SELECT counts FROM (
    SELECT answered_counts AS counts, answer, approved_until FROM reconciler.holds
    WHERE connection_id = :connection_id AND reason = :reason AND answer IS NOT NULL
    ORDER BY answered_at DESC, hold_id DESC LIMIT 1
) AS last
WHERE answer = 'approved' AND approved_until > reconciler.clock();
