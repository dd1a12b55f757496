-- Where a form led that came before. Parameter: once_hash.
SELECT led_to FROM reconciler.console_done WHERE once_hash = :once_hash;
