"""The server acks a request as soon as it has it. When it dies before it has answered, nobody has the
request any more, and the client, which counts on the reply to come late, waits for it in vain.

anomaly: stuck
"""

import json
import uuid

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined
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


def server(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("charges"):
        channel.basic_ack(method.delivery_tag)
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
