"""No binding lets a cancelled order through, and nobody has said where it should go then: the broker
drops it, without a word to anybody.

anomaly: lost_message
"""

import json


def topology(channel):
    channel.queue_declare("events.unrouted", durable=True)
    channel.exchange_declare(
        "events",
        exchange_type="topic",
        durable=True,
    )
    for queue, pattern in [("billing", "order.placed.#"), ("courier", "order.placed.*.express")]:
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
        order = json.loads(body)
        shipping.book(order["id"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
