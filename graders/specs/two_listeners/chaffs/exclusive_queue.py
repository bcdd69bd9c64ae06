"""The mailer has a queue only as long as it has a connection.

anomaly: lost_message
"""

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


def mailer(channel, mail):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "events")
    for method, properties, body in channel.consume(queue):
        order = json.loads(body)
        mail.send(order["id"], "Thank you!", idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
