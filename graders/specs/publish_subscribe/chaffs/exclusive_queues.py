"""Each subscriber declares an exclusive queue when it comes: it goes with the connection, so while the
subscriber is away nobody keeps its events, or they count as unrouted.

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


def billing(channel, payments):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "events", "order.placed.#")
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume(queue):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def courier(channel, shipping):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "events", "order.placed.*.express")
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume(queue):
        order = json.loads(body)
        shipping.book(order["id"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
