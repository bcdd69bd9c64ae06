"""A topic exchange with a pattern that lets everything through, and a poll every half second."""

import json
import time


def mailer(channel, mail):
    channel.exchange_declare("events", "topic", durable=True)
    channel.queue_declare("orders.to.thank.for", durable=True)
    channel.queue_bind("orders.to.thank.for", "events", "#")
    while True:
        method, _, body = channel.basic_get("orders.to.thank.for")
        if method is None:
            time.sleep(0.5)
            continue
        order = json.loads(body)["id"]
        mail.send(order, "Thank you!", order)
        channel.basic_ack(method.delivery_tag)
