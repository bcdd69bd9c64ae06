"""Asks once and holds the order until its reply is there, however late; a timer says
`pending` meanwhile.
"""

import json
import uuid

from minibroker.clients.database import UniqueViolation
from pika import BasicProperties


def client(channel, database):
    replies = channel.queue_declare("", exclusive=True).method.queue
    waiting = {}

    def on_checkout(channel, method, properties, body):
        order = json.loads(body)
        asked = str(uuid.uuid4())
        waiting[asked] = order["id"], method.delivery_tag
        channel.basic_publish(
            "", "charges", body, BasicProperties(reply_to=replies, correlation_id=asked)
        )
        channel.connection.call_later(5, lambda: on_deadline(asked, order["id"]))

    def on_deadline(asked, name):
        if asked in waiting:
            try:
                database.insert("answers", name, {"status": "pending"})
            except UniqueViolation:
                pass

    def on_reply(channel, method, properties, body):
        if properties.correlation_id in waiting:
            name, tag = waiting.pop(properties.correlation_id)
            database.put("answers", name, json.loads(body))
            channel.basic_ack(tag)

    channel.basic_consume(replies, on_reply, auto_ack=True)
    channel.basic_consume("checkouts", on_checkout)
    channel.start_consuming()
