"""Repeats everything until it works, and leaves out the keys, since each call is in its place once.
Each repetition is another charge.

anomaly: duplicate_effect
anomaly: missing_compensation
"""

import json
import time

from minibroker.clients.payments import CardDeclined, PaymentError
from minibroker.clients.services import NoCarrier, ServiceError, SoldOut


def orchestrator(channel, payments, stock, shipping):
    def surely(call, *arguments):
        while True:
            try:
                return call(*arguments)
            except (SoldOut, CardDeclined, NoCarrier):
                raise
            except (PaymentError, ServiceError):
                time.sleep(2)

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        try:
            surely(stock.reserve, name, order["items"])
            surely(payments.charge, name, order["cents"])
            surely(shipping.book, name)
        except (SoldOut, CardDeclined, NoCarrier):
            surely(payments.refund, name)
            surely(stock.release, name)
        channel.basic_ack(method.delivery_tag)
