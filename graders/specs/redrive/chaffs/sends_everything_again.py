"""Sends everything again until nothing is left: what is no JSON comes back each time, for ever.

anomaly: stuck
"""

from pika import BasicProperties


def redrive(channel):
    while True:
        method, properties, body = channel.basic_get("orders.dead")
        if method is None:
            return
        channel.basic_publish("", "orders", body, BasicProperties(delivery_mode=2))
        channel.basic_ack(method.delivery_tag)
