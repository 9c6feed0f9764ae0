"""What a terminal and a gateway say to each other, and the documents that describe it."""
