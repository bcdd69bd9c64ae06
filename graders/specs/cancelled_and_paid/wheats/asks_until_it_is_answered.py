"""Asks for each step and each compensation until it is answered, under its key, and acks at the end:
after a crash the order comes again, and all is asked for again."""

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
            surely(shipping.cancel, name, f"{name}/shipment")
            surely(payments.refund, name, f"{name}/payment")
            surely(stock.release, name, f"{name}/stock")
            print(f"{name} was undone")
        channel.basic_ack(method.delivery_tag)
