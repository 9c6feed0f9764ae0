"""Files that come from the KPI catalogue: today the reference pages, written and checked by one command."""
