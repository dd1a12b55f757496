"""What a user could take instead, each through its public package, in an environment of its own (`.bench/`)."""
