"""The interface between terminals and gateway, and the documents that describe it."""
