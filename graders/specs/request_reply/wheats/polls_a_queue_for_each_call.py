"""A reply queue of its own for each call, deleted with it: no late reply can be taken for another
one, since where it goes to is gone. Polls and sleeps. The server looks first whether the reply is
still wanted, and charges in any case: that is owed to the order, not to the call.
"""

import json
import time

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined
from pika import BasicProperties

DEADLINE = 4


def ask(channel, body):
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.basic_publish("", "charges", body, BasicProperties(reply_to=queue))
    until = time.time() + DEADLINE
    reply = None
    while reply is None and time.time() < until:
        time.sleep(0.2)
        _, _, reply = channel.basic_get(queue, auto_ack=True)
    channel.queue_delete(queue)
    return reply


def client(channel, database):
    while True:
        method, _, body = channel.basic_get("checkouts")
        if method is None:
            time.sleep(0.5)
            continue
        order = json.loads(body)["id"]
        while (reply := ask(channel, body)) is None:
            try:
                database.insert("answers", order, {"status": "pending"})
            except UniqueViolation:
                pass
        database.put("answers", order, json.loads(reply))
        channel.basic_ack(method.delivery_tag)


def server(channel, payments):
    def on_request(channel, method, properties, body):
        try:
            order = json.loads(body)
        except ValueError:
            channel.basic_reject(method.delivery_tag, requeue=False)
            return
        try:
            payments.charge(order["id"], order["cents"], order["id"])
            answer = {"status": "paid", "cents": order["cents"]}
        except CardDeclined:
            answer = {"status": "declined"}
        channel.basic_publish("", properties.reply_to, json.dumps(answer))
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("charges", on_request)
    channel.start_consuming()
