"""Kafka around the fair: topics, access rules, its own state for Prometheus."""
