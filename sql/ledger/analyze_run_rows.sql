-- Tell the planner of many new rows of a run. Where another run is about to, it need not be waited for.
ANALYZE (SKIP_LOCKED) reconciler.run_rows (run_id, contact_id);
