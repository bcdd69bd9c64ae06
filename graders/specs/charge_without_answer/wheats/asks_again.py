"""Asks again under the same key until there is an answer."""

import json
import time

from minibroker.clients.payments import CardDeclined, PaymentError
from minibroker.clients.services import NoCarrier, ServiceError, SoldOut

NO = (SoldOut, CardDeclined, NoCarrier)


def surely(call, *arguments):
    while True:
        try:
            return call(*arguments)
        except NO:
            raise
        except (PaymentError, ServiceError):
            time.sleep(2)


def orchestrator(channel, payments, stock, shipping):
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        done = []
        try:
            surely(stock.reserve, name, order["items"], f"{name}/stock")
            done.append((stock.release, f"{name}/stock"))
            surely(payments.charge, name, order["cents"], f"{name}/payment")
            done.append((payments.refund, f"{name}/payment"))
            surely(shipping.book, name, f"{name}/shipment")
        except NO as error:
            for undo, key in reversed(done):
                undo(name, key)
            print(f"{name} was undone: {type(error).__name__}")
        channel.basic_ack(method.delivery_tag)
