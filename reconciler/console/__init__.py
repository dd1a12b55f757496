"""The web console: it shows what the ledger knows, and calls what the commands call."""
