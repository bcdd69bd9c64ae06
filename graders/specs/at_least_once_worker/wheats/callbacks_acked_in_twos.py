"""Callbacks: charges with the order's id as idempotency key, and acks every second message,
both at once; a crash between the two redelivers both, which charges nothing again.
"""

import json


def worker(channel, payments, database):
    unacked = []

    def on_order(channel, method, properties, body):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        unacked.append(method.delivery_tag)
        if len(unacked) == 2 or nothing_waits():
            channel.basic_ack(unacked[-1], multiple=True)
            unacked.clear()

    def nothing_waits():
        return channel.queue_declare("orders", passive=True).method.message_count == 0

    channel.basic_qos(prefetch_count=2)
    channel.basic_consume("orders", on_order)
    channel.start_consuming()
