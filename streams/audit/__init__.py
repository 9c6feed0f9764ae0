"""Audit: every KPI recomputed from the raw records by code that shares nothing with the fold, and compared."""
