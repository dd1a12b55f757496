-- Tell the planner of many who were seen on the list. Where another run is about to, it need not be waited for.
ANALYZE (SKIP_LOCKED) reconciler.readings (connection_id, member_id);
