"""All formats that cross a border: events, topics, the fair file, settings, the command line."""
