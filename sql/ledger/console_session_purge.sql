-- Delete sessions that were begun long ago, with all that belongs to them. Parameter: seconds.
DELETE FROM reconciler.console_sessions WHERE made_at < reconciler.clock() - make_interval(secs => :seconds);
