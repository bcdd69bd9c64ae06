"""Waits for nothing: each order has its call and its timer, and at the deadline it is asked again. A
late reply is as good as one in time.
"""

import json
import uuid

from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    calls, settled = {}, set()

    def ask(tag, body):
        this = str(uuid.uuid4())
        calls[this] = tag, json.loads(body)["id"]
        channel.basic_publish(
            "", "charges", body, BasicProperties(reply_to=inbox, correlation_id=this)
        )
        channel.connection.call_later(5, lambda: on_deadline(tag, body))

    def on_deadline(tag, body):
        if tag not in settled:
            database.put("answers", json.loads(body)["id"], {"status": "pending"})
            ask(tag, body)

    def on_reply(channel, method, properties, body):
        tag, order = calls.pop(properties.correlation_id, (0, ""))
        if tag and tag not in settled:
            database.put("answers", order, json.loads(body))
            channel.basic_ack(tag)
            settled.add(tag)

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    channel.basic_consume(
        "checkouts", lambda channel, method, properties, body: ask(method.delivery_tag, body)
    )
    channel.start_consuming()
