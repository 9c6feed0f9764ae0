"""The fair file: the model of a fair, and reading it."""
