-- What needs somebody was only looked at until now: it is said again by the first run that counts.
-- Parameter: connection_id.
UPDATE reconciler.pairs SET contact_digest = NULL, verdict = NULL
WHERE connection_id = :connection_id AND verdict IN ('invalid', 'needs_single_write', 'too_many_lists', 'rejected');
