-- Note where a form led. Parameters: once_hash, led_to.
UPDATE reconciler.console_done SET led_to = :led_to WHERE once_hash = :once_hash;
