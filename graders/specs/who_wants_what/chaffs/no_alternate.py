"""What no pattern lets through is dropped.

anomaly: lost_message
"""

import json


def topology(channel):
    channel.exchange_declare("events", exchange_type="topic", durable=True)
    channel.queue_declare("billing", durable=True)
    channel.queue_bind("billing", "events", "order.placed.#")
    channel.queue_declare("courier", durable=True)
    channel.queue_bind("courier", "events", "order.placed.*.express")


def billing(channel, payments):
    for method, properties, body in channel.consume("billing"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def courier(channel, shipping):
    for method, properties, body in channel.consume("courier"):
        order = json.loads(body)
        shipping.book(order["id"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
