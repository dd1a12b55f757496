-- What kind of run it turned out to be. Parameters: run_id, mode, reason.
UPDATE reconciler.runs SET mode = :mode, reason = :reason WHERE run_id = :run_id;
