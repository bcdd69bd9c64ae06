"""Kafka's protocol over the log engine."""
