-- Let an API key's connections sweep in one of so many of their periods. Parameters: key_fingerprint, stretch.
UPDATE reconciler.api_budgets SET sweep_stretch = :stretch WHERE key_fingerprint = :key_fingerprint;
