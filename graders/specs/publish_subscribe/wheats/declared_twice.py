"""Everybody declares what he needs: the topology before the shop opens, and each subscriber once more,
which changes nothing. Each gets its orders by two patterns, where one would do.
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
    for queue, pattern in [("billing", "order.placed.#"), ("courier", "order.placed.*.express")]:
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "events", pattern)


def billing(channel, payments):
    channel.queue_declare("billing", durable=True)
    for pattern in ("order.placed.*", "order.placed.*.express"):
        channel.queue_bind("billing", "events", pattern)
    for method, properties, body in channel.consume("billing"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def courier(channel, shipping):
    channel.queue_declare("courier", durable=True)
    for method, properties, body in channel.consume("courier"):
        order = json.loads(body)
        shipping.book(order["id"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
