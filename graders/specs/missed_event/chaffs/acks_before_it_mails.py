"""A durable queue, and an ack before the mail.

anomaly: lost_message
"""

import json


def mailer(channel, mail):
    channel.exchange_declare("events", exchange_type="fanout", durable=True)
    queue = channel.queue_declare("mailer", durable=True).method.queue
    channel.queue_bind(queue, "events")

    def on_order(channel, method, properties, body):
        order = json.loads(body)
        channel.basic_ack(method.delivery_tag)
        mail.send(order["id"], "Thank you!", idempotency_key=order["id"])

    channel.basic_consume(queue, on_order)
    channel.start_consuming()
