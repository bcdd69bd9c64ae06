"""Asks for what is unroutable to come back, and does not listen.

anomaly: lost_message
"""

import json

from pika import BasicProperties


def topology(channel):
    channel.exchange_declare("events", exchange_type="topic", durable=True)
    channel.queue_declare("billing", durable=True)
    channel.queue_bind("billing", "events", "order.placed.#")


def publisher(channel, database):
    persistent = BasicProperties(delivery_mode=2)
    for order in database.keys("cancelled"):
        key = f"order.cancelled.{database.get('cancelled', order)['country']}"
        body = json.dumps({"id": order})
        channel.basic_publish("events", key, body, persistent, mandatory=True)
