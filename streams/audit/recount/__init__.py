"""The recount: every KPI from the raw records, by code that shares nothing with the fold."""
