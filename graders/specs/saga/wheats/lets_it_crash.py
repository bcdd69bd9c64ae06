"""Handles no error but a no: whatever else a service says, the orchestrator falls over, the broker
hands the order out again, and it is begun from where its row says."""

import json

from minibroker.clients.payments import CardDeclined, ChargeVoided
from minibroker.clients.services import NoCarrier, RequestVoided, SoldOut


def orchestrator(channel, database, payments, stock, shipping):
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name, key = order["id"], "saga of " + order["id"]
        state = database.get("sagas", name) or {"to": "finish"}
        if state["to"] == "finish":
            try:
                stock.reserve(name, order["items"], key)
                payments.charge(name, order["cents"], key)
                shipping.book(name, key)
            except (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided):
                state = {"to": "undo"}
                database.put("sagas", name, state)
        if state["to"] == "undo":
            shipping.cancel(name, key)
            payments.refund(name, key)
            stock.release(name, key)
        channel.basic_ack(method.delivery_tag)
