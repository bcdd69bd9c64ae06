"""Acks the order at once; the saga lives in the memory of the process.

anomaly: missing_compensation
anomaly: lost_message
"""

import json
import time

from minibroker.clients.payments import GatewayUnavailable
from minibroker.clients.services import NoCarrier


def orchestrator(channel, database, payments, stock, shipping):
    def surely(undo, *arguments):
        while True:
            try:
                return undo(*arguments)
            except GatewayUnavailable:
                time.sleep(2)

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        channel.basic_ack(method.delivery_tag)  # from here on it is ours
        name = order["id"]
        try:
            stock.reserve(name, order["items"], f"{name}/stock")
            payments.charge(name, order["cents"], f"{name}/payment")
            shipping.book(name, f"{name}/shipment")
        except NoCarrier:
            surely(payments.refund, name, f"{name}/payment")
            surely(stock.release, name, f"{name}/stock")
