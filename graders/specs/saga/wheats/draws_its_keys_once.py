"""Keys that nobody can guess: each step's is drawn at random and written down before it is used for
the first time. Whoever comes to the order later, also to undo it, finds the key in the row."""

import json
import time
import uuid

from minibroker.clients.database import OperationalError, UniqueViolation
from minibroker.clients.payments import GatewayUnavailable, PaymentError, PaymentTimeout
from minibroker.clients.services import ServiceError, ServiceTimeout, ServiceUnavailable

AGAIN = (
    GatewayUnavailable,
    PaymentTimeout,
    ServiceUnavailable,
    ServiceTimeout,
    OperationalError,
)


def orchestrator(channel, database, payments, stock, shipping):
    def keep_on(call):
        while True:
            try:
                return call()
            except AGAIN:
                time.sleep(1)

    def draw(name):
        try:
            drawn = {step: str(uuid.uuid4()) for step in ("stock", "payment", "shipment")}
            database.insert("keys", name, drawn)
        except UniqueViolation:
            pass
        return database.get("keys", name)

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        keys = keep_on(lambda: draw(name))
        try:
            keep_on(lambda: stock.reserve(name, order["items"], keys["stock"]))
            keep_on(lambda: payments.charge(name, order["cents"], keys["payment"]))
            keep_on(lambda: shipping.book(name, keys["shipment"]))
        except (PaymentError, ServiceError):
            keep_on(lambda: shipping.cancel(name, keys["shipment"]))
            keep_on(lambda: payments.refund(name, keys["payment"]))
            keep_on(lambda: stock.release(name, keys["stock"]))
        channel.basic_ack(method.delivery_tag)
