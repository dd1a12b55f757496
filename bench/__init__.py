"""What the program costs, measured beside what a user could take instead: `make bench`."""
