"""Tells its own reply from a late one, drops that, and nobody asks again.

anomaly: lost_message
"""

import json
import time
import uuid

from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    calls = {}  # the open ones: correlation id, and the reply once it is there

    def on_reply(channel, method, properties, body):
        if properties.correlation_id in calls:
            calls[properties.correlation_id] = json.loads(body)
        else:
            print("nobody waits any more for", body.decode())

    def call(request):
        this = str(uuid.uuid4())
        calls[this] = None
        channel.basic_publish(
            "", "charges", request, BasicProperties(reply_to=inbox, correlation_id=this)
        )
        until = time.monotonic() + 5
        while calls[this] is None and (left := until - time.monotonic()) > 0:
            channel.connection.process_data_events(time_limit=left)
        return calls.pop(this)

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)["id"]
        answer = call(body) or {"status": "pending"}
        database.put("answers", order, answer)
        channel.basic_ack(method.delivery_tag)
