"""Takes the late reply to one order for the reply to the next.

anomaly: wrong_answer
anomaly: lost_message
"""

import json
import time

from pika import BasicProperties


def client(channel, database):
    inbox = channel.queue_declare("", exclusive=True).method.queue
    replies = []

    def on_reply(channel, method, properties, body):
        replies.append(json.loads(body))

    channel.basic_consume(inbox, on_reply, auto_ack=True)
    for method, _, body in channel.consume("checkouts"):
        order = json.loads(body)["id"]
        replies.clear()
        channel.basic_publish("", "charges", body, BasicProperties(reply_to=inbox))
        until = time.monotonic() + 5
        while not replies and (left := until - time.monotonic()) > 0:
            channel.connection.process_data_events(time_limit=left)
        answer = replies[0] if replies else {"status": "pending"}
        database.put("answers", order, answer)
        channel.basic_ack(method.delivery_tag)
