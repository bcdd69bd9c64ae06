"""Takes `redelivered` for the sign of a saga that broke off, and undoes it: also one that was complete
but for its ack.

anomaly: compensation_without_cause
anomaly: lost_message in all_or_nothing
"""

import json
import time

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
        if method.redelivered:
            state = "going back"
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
