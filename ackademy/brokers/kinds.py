"""The kinds of brokers there are."""

KINDS = ("kafka", "rabbitmq", "redis", "aws")

TITLES = {"kafka": "Kafka", "rabbitmq": "RabbitMQ", "redis": "Redis", "aws": "SQS and SNS"}
