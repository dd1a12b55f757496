-- Tell the planner how all stands after a run of many: whom it sent is settled, and who was noted is decided.
-- Where another run is about to, it need not be waited for.
ANALYZE (SKIP_LOCKED)
    reconciler.candidates (connection_id, contact_id),
    reconciler.pairs (connection_id, contact_id, member_id, verdict, look_again_at),
    reconciler.batch_contacts (batch_id, connection_id, contact_id, address_hash, former_hash, settled);
