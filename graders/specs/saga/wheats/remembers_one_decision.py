"""Writes one thing down: that an order was refused. What was done and undone the services know by
its key, so all of it is simply asked for again, in the direction that was decided."""

import json
import time

from minibroker.clients import payments as pay
from minibroker.clients import services as svc

UNSURE = (pay.GatewayUnavailable, pay.PaymentTimeout, svc.ServiceUnavailable, svc.ServiceTimeout)


def orchestrator(channel, database, payments, stock, shipping):
    def persist(call, *args):
        while True:
            try:
                return call(*args)
            except UNSURE:
                time.sleep(3)

    def forward(name, order):
        persist(stock.reserve, name, order["items"], name)
        persist(payments.charge, name, order["cents"], name)
        persist(shipping.book, name, name)

    def back(name):
        persist(shipping.cancel, name, name)
        persist(payments.refund, name, name)
        persist(stock.release, name, name)

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        if database.get("refused", name) is None:
            try:
                forward(name, order)
            except (svc.ServiceError, pay.PaymentError) as error:
                database.put("refused", name, {"why": str(error)})
        if database.get("refused", name) is not None:
            back(name)
        channel.basic_ack(method.delivery_tag)
