"""Which terminals may post, and the hashes of their tokens."""
