-- Tell the planner of many new members. Where another run is about to, it need not be waited for.
ANALYZE (SKIP_LOCKED) reconciler.members (connection_id, member_id, address_hash, status, on_list, left_at, linked_at);
