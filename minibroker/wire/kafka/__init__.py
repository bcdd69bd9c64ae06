"""Kafka's protocol over the log engine: see `running.start`."""
