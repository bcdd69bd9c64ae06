"""Puts the name of the process into the key, so that the two orchestrators cannot get into each
other's way. When one takes over from the other, both have done it.

anomaly: duplicate_effect in once
anomaly: missing_compensation in all_or_nothing
"""

import json
import time
import uuid

from minibroker.clients.payments import (
    CardDeclined,
    ChargeVoided,
    GatewayUnavailable,
    PaymentTimeout,
)
from minibroker.clients.services import (
    NoCarrier,
    RequestVoided,
    ServiceTimeout,
    ServiceUnavailable,
    SoldOut,
)

NOT_NOW = (GatewayUnavailable, PaymentTimeout, ServiceUnavailable, ServiceTimeout)
NO = (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided)


def surely(call, *arguments):
    """Ask until there is an answer. The key among the arguments makes that safe."""
    while True:
        try:
            return call(*arguments)
        except NOT_NOW:
            time.sleep(2)


def orchestrator(channel, database, payments, stock, shipping):
    me = uuid.uuid4()

    def forward(name, order):
        surely(stock.reserve, name, order["items"], f"{name}/stock/{me}")
        surely(payments.charge, name, order["cents"], f"{name}/payment/{me}")
        surely(shipping.book, name, f"{name}/shipment/{me}")

    def back(name):
        # The same keys. What was never done is not undone, but its key is void from now on.
        surely(shipping.cancel, name, f"{name}/shipment/{me}")
        surely(payments.refund, name, f"{name}/payment/{me}")
        surely(stock.release, name, f"{name}/stock/{me}")

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
