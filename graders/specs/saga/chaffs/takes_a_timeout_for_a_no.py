"""Undoes the steps that returned when one did not. A step that timed out may have happened all the
same; it is not among those that are undone.

anomaly: missing_compensation
anomaly: compensation_without_cause
anomaly: lost_message in all_or_nothing
anomaly: compensation_out_of_order
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
    def forward(name, order, done):
        stock.reserve(name, order["items"], f"{name}/stock")
        done.append((stock.release, f"{name}/stock"))
        payments.charge(name, order["cents"], f"{name}/payment")
        done.append((payments.refund, f"{name}/payment"))
        shipping.book(name, f"{name}/shipment")
        done.append((shipping.cancel, f"{name}/shipment"))

    def back(name, done):
        for undo, key in reversed(done):
            surely(undo, name, key)

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        state = (database.get("sagas", name) or {"is": "going forward"})["is"]
        done = []
        if state == "going forward":
            try:
                forward(name, order, done)
                state = "done"
            except (*NO, *NOT_NOW):
                state = "going back"
            database.put("sagas", name, {"is": state})
        if state == "going back":
            back(name, done)
            database.put("sagas", name, {"is": "undone"})
        channel.basic_ack(method.delivery_tag)  # last: until then the broker remembers the saga
