"""Acks a request before it works on it: a crash in between loses it.

anomaly: lost_message
"""

import json

from minibroker.clients.payments import CardDeclined
from pika import BasicProperties


def server(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("charges"):
        channel.basic_ack(method.delivery_tag)
        order = json.loads(body)
        try:
            payments.charge(order["id"], order["cents"], order["id"])
            answer = {"status": "paid", "cents": order["cents"]}
        except CardDeclined:
            answer = {"status": "declined"}
        reply = BasicProperties(correlation_id=properties.correlation_id)
        channel.basic_publish("", properties.reply_to, json.dumps(answer), reply)
