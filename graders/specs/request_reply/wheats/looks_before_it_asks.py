"""The client looks whether the order has its answer from an earlier life, asks only if not, and
stands back for a moment before it is asked again. A server that fails is started again, and its
request is there again; replies that nobody can receive come back and are dropped.
"""

import json
import time
import uuid

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined
from pika import BasicProperties
from pika.exceptions import UnroutableError

PENDING = {"status": "pending"}


class Calls:
    def __init__(self, channel):
        self.channel = channel
        self.queue = channel.queue_declare("", exclusive=True).method.queue
        self.replies = {}
        self.open = set()
        channel.basic_consume(self.queue, self.on_reply, auto_ack=True)

    def on_reply(self, channel, method, properties, body):
        if properties.correlation_id in self.open:
            self.replies[properties.correlation_id] = json.loads(body)

    def call(self, body, seconds):
        name = uuid.uuid4().hex
        self.open.add(name)
        self.channel.basic_publish(
            "", "charges", body, BasicProperties(reply_to=self.queue, correlation_id=name)
        )
        until = time.time() + seconds
        while name not in self.replies and time.time() < until:
            self.channel.connection.process_data_events(1)
        self.open.discard(name)
        return self.replies.pop(name, PENDING)


def client(channel, database):
    calls = Calls(channel)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)["id"]
        if database.get("answers", order) in (None, PENDING):
            answer = calls.call(body, 5)
            if answer == PENDING:
                try:
                    database.insert("answers", order, PENDING)
                except UniqueViolation:
                    channel.connection.sleep(1)
                channel.basic_reject(method.delivery_tag, requeue=True)
                continue
            database.put("answers", order, answer)
        channel.basic_ack(method.delivery_tag)


def server(channel, payments):
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("charges"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
            answer = {"status": "paid", "cents": order["cents"]}
        except CardDeclined:
            answer = {"status": "declined"}
        except ValueError:
            channel.basic_nack(method.delivery_tag, requeue=False)
            continue
        try:
            channel.basic_publish(
                "",
                properties.reply_to,
                json.dumps(answer).encode(),
                BasicProperties(correlation_id=properties.correlation_id),
                mandatory=True,
            )
        except UnroutableError:
            print("whoever asked is gone")
        channel.basic_ack(method.delivery_tag)
