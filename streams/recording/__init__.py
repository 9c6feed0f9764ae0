"""Topics into recordings."""
