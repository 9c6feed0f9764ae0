"""What the numbers mean. Pure: no clock, no log, no I/O, no Kafka."""
