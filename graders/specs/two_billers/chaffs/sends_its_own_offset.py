"""Sends the offset of the order itself, where that of the next one belongs: in the end the group still
stands before the order.

anomaly: stuck
anomaly: duplicate_effect
"""

import json

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition


def biller(bootstrap_servers, name):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": name})
    producer.init_transactions()
    consumer.subscribe(["orders"])
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        order = json.loads(message.value())
        producer.begin_transaction()
        producer.produce("invoices", json.dumps(order), key=order["id"])
        after = TopicPartition("orders", message.partition(), message.offset())
        try:
            metadata = consumer.consumer_group_metadata()
            producer.send_offsets_to_transaction([after], metadata)
            producer.commit_transaction()
            print(f"{order['id']} is invoiced")
        except KafkaException as error:
            print(f"{error.args[0].name()}: {order['id']} is not invoiced")
            if not error.args[0].txn_requires_abort():
                raise
            producer.abort_transaction()
            consumer.seek(TopicPartition("orders", message.partition(), message.offset()))
