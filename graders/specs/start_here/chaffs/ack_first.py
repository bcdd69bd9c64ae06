"""The tempting mend: ack first, so nothing comes twice. A crash after the ack loses the order.

anomaly: lost_message
"""

import json


def worker(channel, payments):
    for method, properties, body in channel.consume("orders"):
        order = json.loads(body)
        channel.basic_ack(method.delivery_tag)
        payments.charge(order["id"], order["cents"])
