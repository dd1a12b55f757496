-- Let contacts come back who left the list or were deleted there. Parameters: connection_id, among, basis.
UPDATE reconciler.pairs SET rejoin_at = reconciler.clock(), rejoin_basis = :basis
WHERE connection_id = :connection_id AND contact_id = ANY (CAST(:among AS text[]));
