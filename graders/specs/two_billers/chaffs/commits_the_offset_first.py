"""Commits the offset first, and not in the transaction: when it stands still in the transaction, that is
aborted, and nobody reads the order again.

anomaly: lost_message
"""

import json

from confluent_kafka import Consumer, Producer


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
        consumer.commit(message, asynchronous=False)
        producer.begin_transaction()
        producer.produce("invoices", json.dumps(order), key=order["id"])
        producer.commit_transaction()
        print(f"{order['id']} is invoiced")
