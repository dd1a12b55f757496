-- Tell the planner of a big batch. Where another run is about to, it need not be waited for.
ANALYZE (SKIP_LOCKED) reconciler.batch_contacts (batch_id, connection_id, contact_id, address_hash, settled);
