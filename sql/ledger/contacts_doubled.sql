-- Contact ids that the statement returned more than once: a mistake in the statement.
SELECT contact_id FROM staged_contacts GROUP BY contact_id HAVING count(*) > 1 ORDER BY contact_id LIMIT 3;
