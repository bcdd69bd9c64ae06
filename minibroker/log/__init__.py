"""The log engine: partitions, producers, transactions, groups, replication, as in Kafka 4."""
