"""Exchange and queue are durable."""

import json


def topology(channel):
    channel.exchange_declare("events", exchange_type="fanout", durable=True)
    channel.queue_declare("billing", durable=True)
    channel.queue_bind("billing", "events")


def billing(channel, payments):
    for method, properties, body in channel.consume("billing"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
