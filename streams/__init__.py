"""The stream side: events in, exact live KPIs out."""
