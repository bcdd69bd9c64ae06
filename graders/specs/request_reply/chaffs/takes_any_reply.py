"""Waits for a reply, not for its own: a late reply to one order is taken for the answer to the next.

anomaly: wrong_answer
anomaly: lost_message
"""

import json
import time

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined
from pika import BasicProperties


def client(channel, database):
    replies = channel.queue_declare("", exclusive=True).method.queue
    got = []

    def on_reply(channel, method, properties, body):
        got.append(json.loads(body))

    def call(body):
        channel.basic_publish("", "charges", body, BasicProperties(reply_to=replies))
        until = time.monotonic() + 5
        while not got and (left := until - time.monotonic()) > 0:
            channel.connection.process_data_events(time_limit=left)
        return got.pop(0) if got else None

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
            channel.basic_publish("", properties.reply_to, json.dumps(answer))
        channel.basic_ack(method.delivery_tag)
