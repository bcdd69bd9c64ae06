"""Publishes a failed order to the queue again at once: four attempts in a few milliseconds, at a
bank that will be back in twelve seconds.

anomaly: given_up_early
anomaly: retry_without_delay
"""

import json

from pika import BasicProperties


def topology(channel):
    for queue in ("orders", "orders.dead"):
        channel.queue_declare(queue, durable=True)


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        attempts = (properties.headers or {}).get("attempts", 0) + 1
        headers = {"attempts": attempts}
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception as error:
            queue = "orders"
            if attempts >= 4:
                queue, headers["cause"] = "orders.dead", str(error)
            channel.basic_publish("", queue, body, BasicProperties(headers=headers))
        channel.basic_ack(method.delivery_tag)
