"""Declares a queue in which an order waits for a second while its bank is away, and dead-letters from
there back to the orders; no worker waits.
"""

import json

from pika import BasicProperties

from minibroker.clients.payments import GatewayUnavailable, PaymentTimeout


def worker(channel, payments):
    back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders"}
    channel.queue_declare("orders.wait", durable=True, arguments={"x-message-ttl": 1000, **back})
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        tag = method.delivery_tag
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except ValueError:
            channel.basic_nack(tag, requeue=False)
            continue
        except (GatewayUnavailable, PaymentTimeout):
            kept = BasicProperties(delivery_mode=2)
            channel.basic_publish("", "orders.wait", body, kept, mandatory=True)
        channel.basic_ack(tag)
