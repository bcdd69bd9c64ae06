"""The exchange is durable; the queue goes with its connection, and the binding with the queue.

anomaly: lost_message
"""

import json


def topology(channel):
    channel.exchange_declare("events", exchange_type="fanout", durable=True)


def billing(channel, payments):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "events")
    for method, properties, body in channel.consume(queue, auto_ack=True):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
