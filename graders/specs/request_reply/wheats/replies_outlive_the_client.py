"""No call at all: a request goes out, and its reply is a message like another, in a durable queue
that every client reads and acks. It names its order, so it does not matter who asked. The order
is acked when its request is confirmed; from there on that is what is not forgotten.
"""

import json

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined
from pika import BasicProperties

PERSISTENT = BasicProperties(delivery_mode=2, reply_to="paid-or-not")


def client(channel, database):
    def on_checkout(channel, method, properties, body):
        order = json.loads(body)["id"]
        channel.basic_publish("", "charges", body, PERSISTENT)
        channel.basic_ack(method.delivery_tag)
        channel.connection.call_later(5, lambda: not_yet(order))

    def not_yet(order):
        try:
            database.insert("answers", order, {"status": "pending"})
        except UniqueViolation:
            pass  # there is an answer, or this one

    def on_reply(channel, method, properties, body):
        answer = json.loads(body)
        database.put("answers", answer["id"], answer)
        channel.basic_ack(method.delivery_tag)

    channel.confirm_delivery()
    channel.queue_declare("paid-or-not", durable=True)
    channel.basic_consume("paid-or-not", on_reply)
    channel.basic_consume("checkouts", on_checkout)
    channel.start_consuming()


def server(channel, payments):
    channel.confirm_delivery()
    for method, properties, body in channel.consume("charges"):
        answer = None
        try:
            order = json.loads(body)
            charge = payments.charge(order["id"], order["cents"], order["id"])
            answer = {"id": order["id"], "status": "paid", "cents": charge["cents"]}
        except CardDeclined:
            answer = {"id": order["id"], "status": "declined"}
        except ValueError as error:
            print("this is no request:", error)
        if answer is not None:
            channel.basic_publish("", properties.reply_to, json.dumps(answer), PERSISTENT)
        channel.basic_ack(method.delivery_tag)
