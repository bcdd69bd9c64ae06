"""An exclusive queue behind an exchange that is not durable: nobody keeps an order while the mailer is
away, and after a restart there is nothing to publish to.

anomaly: lost_message
"""

import json


def mailer(channel, mail):
    channel.exchange_declare("events", exchange_type="fanout")
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "events")

    def on_order(channel, method, properties, body):
        order = json.loads(body)
        mail.send(order["id"], "Thank you!", idempotency_key=order["id"])
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(queue, on_order)
    channel.start_consuming()
