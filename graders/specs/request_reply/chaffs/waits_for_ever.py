"""Waits for the reply until it is there: while the server is away the client is away, too, and so
are the orders behind this one.

anomaly: deadline_exceeded
"""

import json
import uuid

from minibroker.clients.payments import CardDeclined
from pika import BasicProperties


def client(channel, database):
    replies = channel.queue_declare("", exclusive=True).method.queue
    got = {}

    def on_reply(channel, method, properties, body):
        got[properties.correlation_id] = json.loads(body)

    def call(body):
        asked = str(uuid.uuid4())
        channel.basic_publish(
            "", "charges", body, BasicProperties(reply_to=replies, correlation_id=asked)
        )
        while asked not in got:
            channel.connection.process_data_events(time_limit=None)
        return got.pop(asked)

    channel.basic_consume(replies, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)
        database.put("answers", order["id"], call(body))
        channel.basic_ack(method.delivery_tag)


def server(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("charges"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
            answer = {"status": "paid", "cents": order["cents"]}
        except CardDeclined:
            answer = {"status": "declined"}
        except ValueError:
            answer = {"status": "malformed"}
        if properties.reply_to:
            channel.basic_publish(
                "",
                properties.reply_to,
                json.dumps(answer),
                BasicProperties(correlation_id=properties.correlation_id),
            )
        channel.basic_ack(method.delivery_tag)
