"""Badge codes: what a scanner typed, which of it is a badge of this fair, and the key that makes pseudonyms."""
