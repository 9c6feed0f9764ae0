"""Fair shares: no client can use up the room, the connections or the time of the others."""
