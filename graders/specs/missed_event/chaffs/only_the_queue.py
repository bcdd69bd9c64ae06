"""The queue is durable and has a name, and the exchange is gone after the restart, until the mailer
declares it again.

anomaly: lost_message
"""

import json


def mailer(channel, mail):
    channel.exchange_declare("events", exchange_type="fanout")
    queue = channel.queue_declare("mailer", durable=True).method.queue
    channel.queue_bind(queue, "events")

    def on_order(channel, method, properties, body):
        order = json.loads(body)
        mail.send(order["id"], "Thank you!", idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(queue, on_order)
    channel.start_consuming()
