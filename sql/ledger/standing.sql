-- How both sides stand: every contact of the CRM, and every mailable member of the list, in exactly one place.
-- Parameter: connection_id.
SELECT b.side, b.place, count(*) AS contacts FROM reconciler.both_stand(:connection_id) AS b
GROUP BY b.side, b.place
ORDER BY b.side, b.place;
