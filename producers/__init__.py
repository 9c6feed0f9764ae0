"""Whatever puts events on Kafka: sinks, and the simulator of a fair."""
