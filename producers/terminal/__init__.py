"""The booth terminal: a scan is safe on its own disk before "saved" is shown, and leaves it only when counted."""
