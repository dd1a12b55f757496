-- How many mailable members the mirror has on the list; who was missed by the last reading is not counted. Parameter: connection_id.
SELECT count(*) FROM reconciler.members
WHERE connection_id = :connection_id AND on_list AND absent_at IS NULL AND status IN ('explicit', 'implicit');
