"""Each subscriber declares its own durable queue when it comes. One that is held up before that has no
queue when the shop opens.

anomaly: lost_message in also_who_is_away
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


def billing(channel, payments):
    channel.queue_declare("billing", durable=True)
    channel.queue_bind("billing", "events", "order.placed.#")
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("billing"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def courier(channel, shipping):
    channel.queue_declare("courier", durable=True)
    channel.queue_bind("courier", "events", "order.placed.*.express")
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("courier"):
        order = json.loads(body)
        shipping.book(order["id"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
