"""The server promises nothing: requests count as acked when they are sent to it, and those whose
caller has stopped waiting expire. All the care is at one end: the client holds the order, and asks
until it knows, each time longer. The correlation id is a number.
"""

import itertools
import json
import time

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined
from pika import BasicProperties


def client(channel, database):
    replies = channel.queue_declare("", exclusive=True).method.queue
    numbers = itertools.count(1)
    latest = {}

    def on_reply(channel, method, properties, body):
        if properties.correlation_id == latest.get("asked"):
            latest["answer"] = json.loads(body)

    def call(body, seconds):
        latest.clear()
        latest["asked"] = str(next(numbers))
        request = BasicProperties(
            reply_to=replies,
            correlation_id=latest["asked"],
            expiration=str(seconds * 1000),
        )
        channel.basic_publish("", "charges", body, request)
        until = time.monotonic() + seconds
        while "answer" not in latest and time.monotonic() < until:
            channel.connection.process_data_events(until - time.monotonic())
        return latest.get("answer")

    channel.basic_consume(replies, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)
        seconds = 4
        while (answer := call(body, seconds)) is None:
            seconds = min(2 * seconds, 60)
            try:
                database.insert("answers", order["id"], {"status": "pending"})
            except UniqueViolation:
                pass
        database.put("answers", order["id"], answer)
        channel.basic_ack(method.delivery_tag)


def server(channel, payments):
    def on_request(channel, method, properties, body):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], "checkout of " + order["id"])
            answer = {"status": "paid", "cents": order["cents"]}
        except CardDeclined as declined:
            answer = {"status": "declined", "why": str(declined)}
        except Exception as error:
            print("no answer:", error)
            return
        reply = BasicProperties(correlation_id=properties.correlation_id)
        channel.basic_publish("", properties.reply_to, json.dumps(answer), reply)

    channel.basic_consume("charges", on_request, auto_ack=True)
    channel.start_consuming()
