"""The HTTP gateway of the booth terminals: what it acknowledges is in Kafka."""
