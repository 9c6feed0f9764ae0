"""Kafka itself for Prometheus: brokers, leaders, replicas, offsets."""
