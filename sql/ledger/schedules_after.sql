-- A connection that a run has just now is due when that run's lease would lapse, if not before: should it have died, it
-- is not left until its next time. Parameter: name.
UPDATE reconciler.schedules AS s SET due_at = least(s.due_at, l.until)
FROM reconciler.connections AS c JOIN reconciler.leases AS l ON l.connection_id = c.connection_id
WHERE c.name = :name AND s.connection_id = c.connection_id AND l.until > reconciler.clock();
