-- How many mailable members the mirror has on the list. Parameter: connection_id.
SELECT count(*) FROM reconciler.members
WHERE connection_id = :connection_id AND on_list AND status IN ('explicit', 'implicit');
