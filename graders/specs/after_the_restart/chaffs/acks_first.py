"""Both are durable, and the ack comes before the work.

anomaly: lost_message
"""

import json


def topology(channel):
    channel.exchange_declare("events", exchange_type="fanout", durable=True)
    channel.queue_declare("billing", durable=True)
    channel.queue_bind("billing", "events")


def billing(channel, payments):
    for method, properties, body in channel.consume("billing"):
        channel.basic_ack(method.delivery_tag)
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
