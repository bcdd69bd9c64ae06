"""Gives an order back to the queue at once when a call fails: while the gateway is away it goes round
as fast as it can.

anomaly: stuck
"""

import json

from minibroker.clients.payments import CardDeclined, ChargeVoided, PaymentError
from minibroker.clients.services import NoCarrier, RequestVoided, ServiceError, SoldOut


def orchestrator(channel, payments, stock, shipping):
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        try:
            try:
                stock.reserve(name, order["items"], f"{name}/stock")
                payments.charge(name, order["cents"], f"{name}/payment")
                shipping.book(name, f"{name}/shipment")
            except (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided):
                payments.refund(name, f"{name}/payment")
                stock.release(name, f"{name}/stock")
        except (PaymentError, ServiceError):
            channel.basic_nack(method.delivery_tag, requeue=True)
        else:
            channel.basic_ack(method.delivery_tag)
