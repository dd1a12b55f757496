"""The demonstration: everything the reconciler talks to, on this machine alone."""
