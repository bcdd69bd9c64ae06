"""The server writes an error down and ends: one declined card, and nobody answers anybody any more.

anomaly: stuck
anomaly: deadline_exceeded
"""

import json
import time
import uuid

from minibroker.clients.database import UniqueViolation
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

    channel.basic_consume(replies, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)
        answer = call(body)
        if answer is not None:
            database.put("answers", order["id"], answer)
            channel.basic_ack(method.delivery_tag)
            continue
        try:
            database.insert("answers", order["id"], {"status": "pending"})
        except UniqueViolation:
            pass
        channel.basic_nack(method.delivery_tag, requeue=True)


def server(channel, payments):
    channel.basic_qos(prefetch_count=1)
    try:
        for method, properties, body in channel.consume("charges"):
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
            channel.basic_publish(
                "",
                properties.reply_to,
                json.dumps({"status": "paid", "cents": order["cents"]}),
                BasicProperties(correlation_id=properties.correlation_id),
            )
            channel.basic_ack(method.delivery_tag)
    except Exception as error:
        print("the server failed:", error)
