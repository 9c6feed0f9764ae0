"""Every shape that crosses a border: events, topics, the fair file, settings, the command line."""
