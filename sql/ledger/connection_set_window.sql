-- How changes are found from now on, and why so. Parameters: connection_id, mode, reason.
UPDATE reconciler.connections SET window_mode = :mode, window_reason = :reason WHERE connection_id = :connection_id;
