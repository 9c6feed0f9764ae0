"""Kafka's access rules: granted and checked through the admin protocol, from the table in `schemas.access`."""
