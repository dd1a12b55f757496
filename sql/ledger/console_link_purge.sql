-- Delete one-time addresses that were made long ago. Parameter: seconds.
DELETE FROM reconciler.console_links WHERE made_at < reconciler.clock() - make_interval(secs => :seconds);
