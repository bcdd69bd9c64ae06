"""Takes the saga into its table and acks: it is written down. Nobody reads the table after a crash.

anomaly: missing_compensation in all_or_nothing
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
        if database.get("sagas", name) is not None:
            channel.basic_ack(method.delivery_tag)  # it came twice
            continue
        state = "going forward"
        database.put("sagas", name, {"is": state, "order": order})
        channel.basic_ack(method.delivery_tag)
        if state == "going forward":
            try:
                forward(name, order)
                state = "done"
            except NO:
                state = "going back"
            database.put("sagas", name, {"is": state})
        if state == "going back":
            back(name)
            database.put("sagas", name, {"is": "undone"})
