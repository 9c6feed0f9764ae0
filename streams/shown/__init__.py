"""What is shown of the numbers: the view, /metrics, /kpis, facts, listings."""
