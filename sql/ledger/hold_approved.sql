-- The numbers that somebody has approved of, and the approval still counts. Parameters: connection_id, reason.
SELECT answered_counts AS counts FROM reconciler.holds
WHERE connection_id = :connection_id AND reason = :reason AND lifted_at IS NULL
  AND answer = 'approved' AND approved_until > reconciler.clock();
