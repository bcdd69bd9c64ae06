"""Calls the server inside the callback of the order. While a callback runs, pika hands out nothing
else on this connection, so no reply ever gets through.

anomaly: stuck
anomaly: deadline_exceeded
"""

import json
import time
import uuid

from minibroker.clients.database import UniqueViolation
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
        until = time.monotonic() + 5
        while asked not in got and (left := until - time.monotonic()) > 0:
            channel.connection.process_data_events(time_limit=left)
        return got.pop(asked, None)

    def on_checkout(channel, method, properties, body):
        order = json.loads(body)
        answer = call(body)
        if answer is not None:
            database.put("answers", order["id"], answer)
            channel.basic_ack(method.delivery_tag)
            return
        try:
            database.insert("answers", order["id"], {"status": "pending"})
        except UniqueViolation:
            pass
        channel.basic_nack(method.delivery_tag, requeue=True)

    channel.basic_consume(replies, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("checkouts", on_checkout)
    channel.start_consuming()


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
