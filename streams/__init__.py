"""The worker: events in, exact live KPIs out."""
