"""Nobody binds the queues: the exchange has nobody to copy to.

anomaly: lost_message
"""

import json


def topology(channel):
    channel.exchange_declare("events", exchange_type="fanout", durable=True)
    for queue in ["billing", "mailer"]:
        channel.queue_declare(queue, durable=True)


def billing(channel, payments):
    for method, properties, body in channel.consume("billing"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)


def mailer(channel, mail):
    for method, properties, body in channel.consume("mailer"):
        order = json.loads(body)
        mail.send(order["id"], "Thank you!", idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)
