"""Has a deadline, asks again later, and takes the first reply that comes: after a deadline that is the late
one to the order before.

anomaly: wrong_answer
anomaly: lost_message
"""

import json
import time
import uuid

from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    call = {}

    def on_reply(channel, method, properties, body):
        call["reply"] = json.loads(body)

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)
        call.update(id=str(uuid.uuid4()), reply=None)
        channel.basic_publish(
            "", "charges", body, BasicProperties(reply_to=inbox, correlation_id=call["id"])
        )
        until = time.monotonic() + 5
        while call["reply"] is None and (left := until - time.monotonic()) > 0:
            channel.connection.process_data_events(time_limit=left)
        if call["reply"] is None:
            database.put("answers", order["id"], {"status": "pending"})
            channel.basic_publish("", "checkouts", body)  # behind those that wait
        else:
            database.put("answers", order["id"], call["reply"])
        channel.basic_ack(method.delivery_tag)
