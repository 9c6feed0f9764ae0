"""All that puts events on Kafka: gateway, booth terminal, simulator and replay."""
