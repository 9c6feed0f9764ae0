"""What a gateway does at a fair with a register of badges: know it, release what waited, take imports, answer gates."""
