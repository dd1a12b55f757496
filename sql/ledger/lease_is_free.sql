-- Whether no run has the lease: a row, or none. Parameter: connection_id.
SELECT 1 AS is_free WHERE NOT EXISTS (
    SELECT FROM reconciler.leases WHERE connection_id = :connection_id AND until > reconciler.clock()
);
