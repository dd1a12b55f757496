-- Remember who was seen on the list in the reading that goes on. Parameter: connection_id.
INSERT INTO reconciler.readings (connection_id, member_id)
SELECT DISTINCT :connection_id, s.member_id FROM staged_members AS s WHERE s.on_list
ON CONFLICT DO NOTHING;
