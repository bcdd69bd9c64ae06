"""The log engine: partitions, producers, transactions, groups and replication as Kafka 4 has them."""
