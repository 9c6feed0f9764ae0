"""The audit: recomputes every KPI from the raw records with code that shares nothing with the fold, and compares."""
