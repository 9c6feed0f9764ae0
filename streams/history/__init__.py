"""What lies in Kafka or in a recording, read again: record, replay, backfill, rebuild, redrive."""
