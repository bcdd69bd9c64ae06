"""After the deadline the order is pending and its message is acked. The reply comes late, nobody
waits for it any more, and the order stays pending for ever.

anomaly: lost_message
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
