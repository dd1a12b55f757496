-- How many pairs have drifted. Parameter: connection_id.
SELECT count(*) FROM reconciler.pairs WHERE connection_id = :connection_id AND drifted <> '{}';
