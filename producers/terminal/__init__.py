"""The booth terminal: a scan is on its disk before "saved" is shown, and stays there until the server has it."""
