"""The path of an event through the gateway, from the bytes of a body to a record for Kafka."""
