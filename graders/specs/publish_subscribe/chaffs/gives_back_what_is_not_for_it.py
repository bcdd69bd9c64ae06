"""The courier gets plain orders, too, and gives them back, so that another may have them. Nobody else
takes from its queue: they come back to it for ever.

anomaly: stuck
"""

import json


def topology(channel):
    channel.queue_declare("events.unrouted", durable=True)
    channel.exchange_declare("unrouted", exchange_type="fanout", durable=True)
    channel.queue_bind("events.unrouted", "unrouted")
    channel.exchange_declare(
        "events",
        exchange_type="topic",
        durable=True,
        arguments={"alternate-exchange": "unrouted"},
    )
    for queue, pattern in [("billing", "order.placed.#"), ("courier", "order.placed.#")]:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "events", pattern)


def billing(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("billing"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def courier(channel, shipping):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("courier"):
        if not method.routing_key.endswith(".express"):
            channel.basic_nack(method.delivery_tag, requeue=True)
            continue
        order = json.loads(body)
        shipping.book(order["id"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
