-- What holds a connection still does, in the words of now; nothing where somebody has lifted it meanwhile. The numbers stay
-- those of the run that was reported: an approval covers what somebody could read there.
-- Parameters: connection_id, reason, message.
WITH noted AS (
    UPDATE reconciler.holds SET message = :message
    WHERE connection_id = :connection_id AND lifted_at IS NULL AND reason = :reason RETURNING connection_id
)
UPDATE reconciler.connections AS c SET held_message = :message FROM noted AS n WHERE c.connection_id = n.connection_id;
