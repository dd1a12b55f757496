-- Tell the planner of many new contacts. Where another run is about to, it need not be waited for.
ANALYZE (SKIP_LOCKED)
    reconciler.contacts (connection_id, contact_id, address_hash, address_group, gone_at, eligible, opted_out),
    reconciler.candidates (connection_id, contact_id);
