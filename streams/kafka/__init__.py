"""Kafka itself: topics, access rules, and its state for Prometheus."""
