"""Catches a no and nothing else. Whatever else a service says ends the process; it is started again a
second later, and the broker hands the unacked orders out again."""

import json

from minibroker.clients.payments import CardDeclined, ChargeVoided
from minibroker.clients.services import NoCarrier, RequestVoided, SoldOut


def orchestrator(channel, payments, stock, shipping):
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        try:
            stock.reserve(name, order["items"], name)
            payments.charge(name, order["cents"], name)
            shipping.book(name, name)
        except (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided):
            payments.refund(name, name)
            stock.release(name, name)
        channel.basic_ack(method.delivery_tag)
