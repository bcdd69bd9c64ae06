"""Wants to know, and sees to what comes back."""

import json

from pika import BasicProperties
from pika.exceptions import UnroutableError


def topology(channel):
    channel.exchange_declare("events", exchange_type="topic", durable=True)
    channel.queue_declare("billing", durable=True)
    channel.queue_bind("billing", "events", "order.placed.#")


def publisher(channel, database):
    channel.confirm_delivery()
    persistent = BasicProperties(delivery_mode=2)
    for order in database.keys("cancelled"):
        key = f"order.cancelled.{database.get('cancelled', order)['country']}"
        body = json.dumps({"id": order})
        try:
            channel.basic_publish("events", key, body, persistent, mandatory=True)
        except UnroutableError:
            print(f"nobody wants {key}")
            channel.basic_publish("", "events.unrouted", body, persistent, mandatory=True)
