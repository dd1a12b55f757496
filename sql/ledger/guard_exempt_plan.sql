-- Mark a whole plan that no guard counts. Parameter: run_id.
UPDATE reconciler.plans SET is_exempt = true WHERE run_id = :run_id;
