-- Remember which contacts a run read. Parameter: run_id.
INSERT INTO reconciler.reads (run_id, contact_id) SELECT :run_id, s.contact_id FROM staged_contacts AS s;
