-- Tell the planner of many new decisions. Where another run is about to, it need not be waited for.
ANALYZE (SKIP_LOCKED)
    reconciler.pairs (connection_id, contact_id, member_id, verdict, look_again_at),
    reconciler.plan_changes (run_id, contact_id, kind, is_sent, is_single);
