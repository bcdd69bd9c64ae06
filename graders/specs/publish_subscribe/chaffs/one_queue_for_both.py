"""Both subscribers take from one queue, so each event reaches one of them.

anomaly: lost_message
anomaly: duplicate_effect
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
    channel.queue_declare("placed", durable=True)
    channel.queue_bind("placed", "events", "order.placed.#")


def billing(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("placed"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def courier(channel, shipping):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("placed"):
        order = json.loads(body)
        shipping.book(order["id"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
