"""A deadline for each call, and as many calls for an order as it takes: the reply to any of them is
its answer, also a late one.
"""

import json
import time
import uuid

from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    calls, replies = set(), []

    def on_reply(channel, method, properties, body):
        if properties.correlation_id in calls:
            replies.append(json.loads(body))

    def ask(request):
        this = str(uuid.uuid4())
        calls.add(this)
        channel.basic_publish(
            "", "charges", request, BasicProperties(reply_to=inbox, correlation_id=this)
        )
        until = time.monotonic() + 5
        while not replies and (left := until - time.monotonic()) > 0:
            channel.connection.process_data_events(time_limit=left)

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)["id"]
        calls.clear()
        replies.clear()
        ask(body)
        while not replies:
            database.put("answers", order, {"status": "pending"})
            ask(body)
        database.put("answers", order, replies[0])
        channel.basic_ack(method.delivery_tag)
