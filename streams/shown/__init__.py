"""Showing the numbers: the view, /metrics, /kpis, facts, listings."""
