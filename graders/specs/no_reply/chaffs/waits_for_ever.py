"""Looks for the reply until it is there.

anomaly: stuck
anomaly: deadline_exceeded
"""

import json

from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    replies = []

    def on_reply(channel, method, properties, body):
        replies.append(json.loads(body))

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    for method, _, body in channel.consume("checkouts"):
        replies.clear()
        channel.basic_publish("", "charges", body, BasicProperties(reply_to=inbox))
        while not replies:
            channel.connection.process_data_events()  # look whether there is something
        database.put("answers", json.loads(body)["id"], replies[0])
        channel.basic_ack(method.delivery_tag)
