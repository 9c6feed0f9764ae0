"""The fair file: what a fair is, and reading it."""
