"""Takes the name of the call for that of the charge: the second call charges again.

anomaly: duplicate_effect
"""

import json

from minibroker.clients.payments import CardDeclined
from pika import BasicProperties


def server(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("charges"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], properties.correlation_id)
            answer = {"status": "paid", "cents": order["cents"]}
        except CardDeclined:
            answer = {"status": "declined"}
        except ValueError:
            answer = {"status": "no request"}
        if properties.reply_to:
            reply = BasicProperties(correlation_id=properties.correlation_id)
            channel.basic_publish("", properties.reply_to, json.dumps(answer), reply)
        channel.basic_ack(method.delivery_tag)
