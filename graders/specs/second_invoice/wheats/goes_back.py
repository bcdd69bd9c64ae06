"""The offset goes with the invoice. What asks for an abort gets one, and the consumer goes back to the
order; what is fatal ends the process.
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition


def biller(bootstrap_servers):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "biller"})
    producer.init_transactions()
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        order = json.loads(message.value())
        producer.begin_transaction()
        try:
            producer.produce("invoices", json.dumps(order), key=order["id"])
            producer.send_offsets_to_transaction(
                [TopicPartition("orders", message.partition(), message.offset() + 1)],
                consumer.consumer_group_metadata(),
            )
            producer.commit_transaction()
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            producer.abort_transaction()
            consumer.seek(TopicPartition("orders", message.partition(), message.offset()))
