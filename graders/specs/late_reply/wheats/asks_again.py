"""Gives the order back at the deadline, and whoever gets it asks again."""

import json
import time
import uuid

from minibroker.clients.database import UniqueViolation
from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    calls = {}

    def on_reply(channel, method, properties, body):
        if properties.correlation_id in calls:
            calls[properties.correlation_id] = json.loads(body)

    def call(request, seconds=5):
        this = str(uuid.uuid4())
        calls[this] = None
        properties = BasicProperties(
            reply_to=inbox, correlation_id=this, expiration=str(seconds * 1000)
        )
        channel.basic_publish("", "charges", request, properties)
        until = time.monotonic() + seconds
        while calls[this] is None and (left := until - time.monotonic()) > 0:
            channel.connection.process_data_events(time_limit=left)
        return calls.pop(this)

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)["id"]
        answer = call(body)
        if answer is not None:
            database.put("answers", order, answer)
            channel.basic_ack(method.delivery_tag)
        else:
            try:
                database.insert("answers", order, {"status": "pending"})
            except UniqueViolation:
                pass  # somebody was told this already, or something better
            channel.basic_nack(method.delivery_tag, requeue=True)
