"""Sleeps in the worker until the next attempt is due: every order behind the failed one sleeps too.

anomaly: starvation
anomaly: too_many_attempts
anomaly: dead_letter_without_cause
"""

import json
import time

from pika import BasicProperties

WAITS = [5, 10, 20]


def topology(channel):
    for queue in ("orders", "orders.dead"):
        channel.queue_declare(queue, durable=True)


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        for attempts in range(1, 5):
            try:
                order = json.loads(body)
                payments.charge(order["id"], order["cents"], order["id"])
                break
            except Exception as error:
                if isinstance(error, ValueError) or attempts == 4:
                    headers = {"cause": str(error), "attempts": attempts}
                    properties = BasicProperties(headers=headers)
                    channel.basic_publish("", "orders.dead", body, properties)
                    break
                time.sleep(WAITS[attempts - 1])
        channel.basic_ack(method.delivery_tag)
