"""Takes every error but a clear no for one that passes. A key is void for good: the orchestrator that
slept through the compensation asks under it for ever.

anomaly: stuck
"""

import json
import time

from minibroker.clients.payments import CardDeclined, PaymentError
from minibroker.clients.services import NoCarrier, ServiceError, SoldOut

NO = (SoldOut, CardDeclined, NoCarrier)


def surely(call, *arguments):
    """Ask until there is an answer. The key among the arguments makes that safe."""
    while True:
        try:
            return call(*arguments)
        except NO:
            raise
        except (PaymentError, ServiceError):
            time.sleep(2)


def orchestrator(channel, database, payments, stock, shipping):
    def forward(name, order):
        surely(stock.reserve, name, order["items"], f"{name}/stock")
        surely(payments.charge, name, order["cents"], f"{name}/payment")
        surely(shipping.book, name, f"{name}/shipment")

    def back(name):
        # The same keys. What was never done is not undone, but its key is void from now on.
        surely(shipping.cancel, name, f"{name}/shipment")
        surely(payments.refund, name, f"{name}/payment")
        surely(stock.release, name, f"{name}/stock")

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        state = (database.get("sagas", name) or {"is": "going forward"})["is"]
        if state == "going forward":
            try:
                forward(name, order)
                state = "done"
            except NO:
                state = "going back"
            database.put("sagas", name, {"is": state})
        if state == "going back":  # also after a crash: what was decided stays decided
            back(name)
            database.put("sagas", name, {"is": "undone"})
        channel.basic_ack(method.delivery_tag)  # last: until then the broker remembers the saga
