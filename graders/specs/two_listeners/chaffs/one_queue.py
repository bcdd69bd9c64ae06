"""One queue for both: each event reaches one of them.

anomaly: lost_message
"""

import json


def topology(channel):
    channel.exchange_declare("events", exchange_type="fanout", durable=True)
    channel.queue_declare("placed", durable=True)
    channel.queue_bind("placed", "events")


def billing(channel, payments):
    for method, properties, body in channel.consume("placed"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def mailer(channel, mail):
    for method, properties, body in channel.consume("placed"):
        order = json.loads(body)
        mail.send(order["id"], "Thank you!", idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
