"""Everybody gets everything. Billing looks at each event and moves what it does not know to the support
desk: publish, wait for the confirm, then ack.
"""

import json

from pika import BasicProperties


def topology(channel):
    channel.exchange_declare("events", "fanout", durable=True)
    for queue in ("billing", "courier"):
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, "events")


def billing(channel, payments):
    channel.confirm_delivery()
    for method, properties, body in channel.consume("billing"):
        if method.routing_key.startswith("order.placed."):
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        else:
            kept = BasicProperties(delivery_mode=2, headers={"key": method.routing_key})
            channel.basic_publish("", "events.unrouted", body, kept, mandatory=True)
        channel.basic_ack(method.delivery_tag)


def courier(channel, shipping):
    while True:
        method, properties, body = next(channel.consume("courier"))
        what = method.routing_key.split(".")
        if what[:2] == ["order", "placed"] and what[3:] == ["express"]:
            order = json.loads(body)
            shipping.book(order["id"], idempotency_key=f"parcel of {order['id']}")
        channel.basic_ack(method.delivery_tag)
