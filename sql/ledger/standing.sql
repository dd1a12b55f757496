-- How both sides stand: every contact of the CRM, and every mailable member of the list, in exactly one place.
-- Parameter: connection_id.
SELECT 'crm' AS side, s.place, count(*) AS contacts FROM reconciler.stands(:connection_id) AS s WHERE s.is_in_crm
GROUP BY s.place
UNION ALL
SELECT 'list', l.place, count(*) FROM reconciler.list_stands(:connection_id) AS l GROUP BY l.place
ORDER BY 1, 2;
