"""The lesson's first worker: a crash between the charge and the ack charges twice.

anomaly: duplicate_effect
"""

import json


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        payments.charge(order["id"], order["cents"])
        channel.basic_ack(method.delivery_tag)
