"""A row for the state, the key of the step for its compensation, the ack at the end."""

import json
import time

from minibroker.clients.payments import ChargeVoided, GatewayUnavailable
from minibroker.clients.services import NoCarrier, RequestVoided


def orchestrator(channel, database, payments, stock, shipping):
    def surely(undo, *arguments):
        while True:
            try:
                return undo(*arguments)
            except GatewayUnavailable:
                time.sleep(2)

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        row = database.get("sagas", name) or {"is": "going forward"}
        if row["is"] == "going forward":
            try:
                stock.reserve(name, order["items"], f"{name}/stock")
                payments.charge(name, order["cents"], f"{name}/payment")
                shipping.book(name, f"{name}/shipment")
            except (NoCarrier, ChargeVoided, RequestVoided):
                row = {"is": "charged"}
                database.put("sagas", name, row)
        if row["is"] == "charged":
            surely(payments.refund, name, f"{name}/payment")
            row = {"is": "refunded"}
            database.put("sagas", name, row)
        if row["is"] == "refunded":
            surely(stock.release, name, f"{name}/stock")
            database.put("sagas", name, {"is": "undone"})
        channel.basic_ack(method.delivery_tag)
