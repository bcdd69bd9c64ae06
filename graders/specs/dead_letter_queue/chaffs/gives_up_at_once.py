"""Takes every error for a permanent one: an order whose bank is away for twelve seconds is put away
after its first attempt.

anomaly: given_up_early
"""

import json

from pika import BasicProperties


def topology(channel):
    for queue in ("orders", "orders.dead"):
        channel.queue_declare(queue, durable=True)


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception as error:
            headers = {"cause": str(error), "attempts": 1}
            channel.basic_publish("", "orders.dead", body, BasicProperties(headers=headers))
        channel.basic_ack(method.delivery_tag)
