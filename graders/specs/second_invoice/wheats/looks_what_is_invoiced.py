"""Reads back what is invoiced when it begins, and leaves that out: the offset may then be committed
apart, and late.
"""

import json

from confluent_kafka import Consumer, Producer, TopicPartition


def biller(bootstrap_servers):
    orders = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "billers",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "biller"})
    producer.init_transactions()  # what was open is aborted, so what is there is final
    there = invoiced(bootstrap_servers)
    orders.subscribe(["orders"])
    while True:
        message = orders.poll(1.0)
        if message is None or message.error():
            continue
        order = json.loads(message.value())
        if order["id"] not in there:
            producer.begin_transaction()
            producer.produce("invoices", json.dumps(order), key=order["id"])
            producer.commit_transaction()
            there.add(order["id"])
        orders.commit(message, asynchronous=False)


def invoiced(bootstrap_servers):
    reader = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "invoiced",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    place = TopicPartition("invoices", 0)
    _, end = reader.get_watermark_offsets(place)
    reader.assign([TopicPartition("invoices", 0, 0)])
    found = set()
    while reader.position([place])[0].offset < end:
        message = reader.poll(1.0)
        if message is None:
            break
        found.add(json.loads(message.value())["id"])
    reader.close()
    return found
