-- Replace what a draft keeps; it is good for so long from now. Parameters: draft_id, sealed, told, seconds.
UPDATE reconciler.console_drafts
SET sealed = CAST(:sealed AS jsonb), told = CAST(:told AS jsonb),
    good_until = reconciler.clock() + make_interval(secs => :seconds)
WHERE draft_id = :draft_id;
