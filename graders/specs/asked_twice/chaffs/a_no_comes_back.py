"""Gives back what fails: a declined card comes again at once, for ever.

anomaly: stuck
"""

import json

from pika import BasicProperties


def server(channel, payments):
    for method, properties, body in channel.consume("charges"):
        order = json.loads(body)
        try:
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception:
            channel.basic_nack(method.delivery_tag, requeue=True)
            continue
        answer = {"status": "paid", "cents": order["cents"]}
        reply = BasicProperties(correlation_id=properties.correlation_id)
        channel.basic_publish("", properties.reply_to, json.dumps(answer), reply)
        channel.basic_ack(method.delivery_tag)
