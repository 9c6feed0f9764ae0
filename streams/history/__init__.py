"""Reading topics and recordings again: record, replay, backfill, rebuild, redrive."""
