"""Gives every step a key, and its compensation none: a crash after the refund lets it be made again.

anomaly: double_compensation
"""

import json
import time

from minibroker.clients.payments import CardDeclined, ChargeVoided, PaymentError
from minibroker.clients.services import NoCarrier, RequestVoided, ServiceError, SoldOut

NO = (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided)


def orchestrator(channel, payments, stock, shipping):
    def surely(call, *arguments):
        while True:
            try:
                return call(*arguments)
            except NO:
                raise
            except (PaymentError, ServiceError):
                time.sleep(2)

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        try:
            surely(stock.reserve, name, order["items"], f"{name}/stock")
            surely(payments.charge, name, order["cents"], f"{name}/payment")
            surely(shipping.book, name, f"{name}/shipment")
            print(f"{name} is complete")
        except NO:
            surely(payments.refund, name)
            surely(stock.release, name)
            print(f"{name} was undone")
        channel.basic_ack(method.delivery_tag)
