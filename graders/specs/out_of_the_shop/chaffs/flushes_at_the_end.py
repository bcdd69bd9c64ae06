"""Deletes an order before it has left.

anomaly: lost_message
"""

import json

from confluent_kafka import Producer


def storefront(bootstrap_servers, database):
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    for key in database.keys("placed"):
        order = database.get("placed", key)
        producer.produce("orders", json.dumps(order), key=order["customer"])
        database.delete("placed", key)
    producer.flush()
