"""Puts away only what it thinks is needed, the order's id: the amount is gone, and nobody can send the
order again.

anomaly: dead_letter_without_cause
"""

import json

from minibroker.clients.payments import CardDeclined
from pika import BasicProperties

WAITS = [5, 10, 20]  # seconds before the second, third and fourth attempt


def topology(channel):
    channel.queue_declare("orders", durable=True)
    channel.queue_declare("orders.dead", durable=True)
    for seconds in WAITS:
        # What lies here for so long goes back to the orders by itself.
        channel.queue_declare(
            f"orders.wait.{seconds}",
            durable=True,
            arguments={
                "x-message-ttl": seconds * 1000,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "orders",
            },
        )


def worker(channel, payments):
    channel.confirm_delivery()  # basic_publish returns when the broker has the message
    channel.basic_qos(prefetch_count=10)

    def move(queue, body, headers):
        properties = BasicProperties(delivery_mode=2, headers=headers)
        channel.basic_publish("", queue, body, properties, mandatory=True)

    for method, properties, body in channel.consume("orders"):
        attempts = (properties.headers or {}).get("attempts", 0) + 1
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            hopeless = isinstance(error, (ValueError, CardDeclined))
            if hopeless or attempts > len(WAITS):
                cause = f"{type(error).__name__}: {error}"
                if not isinstance(error, ValueError):
                    body = json.dumps({"id": order["id"]}).encode()
                move("orders.dead", body, {"cause": cause, "attempts": attempts})
            else:
                wait = WAITS[attempts - 1]
                move(f"orders.wait.{wait}", body, {"attempts": attempts})
        channel.basic_ack(method.delivery_tag)  # last: the next place has it already
