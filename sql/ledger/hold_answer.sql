-- Somebody has answered a hold. Parameters: hold_id, answer, actor, hours (how long an approval counts).
UPDATE reconciler.holds
SET answer = :answer, answered_at = reconciler.clock(), answered_by = :actor, answered_counts = counts,
    approved_until = CASE WHEN :answer = 'approved' THEN reconciler.clock() + make_interval(hours => :hours) END
WHERE hold_id = :hold_id AND lifted_at IS NULL;
