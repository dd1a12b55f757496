-- Forget that a form came: its action failed. Parameter: once_hash.
DELETE FROM reconciler.console_done WHERE once_hash = :once_hash AND led_to IS NULL;
