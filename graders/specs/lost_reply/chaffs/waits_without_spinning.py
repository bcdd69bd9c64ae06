"""Waits for the reply without spinning: the same wait for ever, at a lower price.

anomaly: stuck
anomaly: deadline_exceeded
"""

import json
import uuid

from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    call = {}

    def on_reply(channel, method, properties, body):
        if properties.correlation_id == call["id"]:
            call["reply"] = json.loads(body)

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)
        call.update(id=str(uuid.uuid4()), reply=None)
        channel.basic_publish(
            "", "charges", body, BasicProperties(reply_to=inbox, correlation_id=call["id"])
        )
        while call["reply"] is None:
            channel.connection.process_data_events(time_limit=None)
        database.put("answers", order["id"], call["reply"])
        channel.basic_ack(method.delivery_tag)
