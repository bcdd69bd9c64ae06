"""Uses no keys: the log says what was done. It says so a moment after it was done, and a crash, a
timeout or the other orchestrator comes in between.

anomaly: duplicate_effect
anomaly: double_compensation
anomaly: missing_compensation
"""

import json
import time

from minibroker.clients.database import UniqueViolation
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

MAY_WORK_LATER = (GatewayUnavailable, PaymentTimeout, ServiceUnavailable, ServiceTimeout)
REFUSED = (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided)


def surely(call, key):
    """Ask until there is an answer. The key makes it safe to ask again."""
    while True:
        try:
            return call(key)
        except MAY_WORK_LATER:
            time.sleep(2)


def orchestrator(channel, database, payments, stock, shipping):
    def steps_of(name, order):
        return [
            (
                "stock",
                lambda key: stock.reserve(name, order["items"]),
                lambda key: stock.release(name),
            ),
            (
                "payment",
                lambda key: payments.charge(name, order["cents"]),
                lambda key: payments.refund(name),
            ),
            (
                "shipment",
                lambda key: shipping.book(name),
                lambda key: shipping.cancel(name),
            ),
        ]

    def run(order):
        name = order["id"]
        steps = steps_of(name, order)

        def logged(entry):
            return database.get("saga log", f"{name}/{entry}") is not None

        def log(entry):
            try:
                database.insert("saga log", f"{name}/{entry}")
            except UniqueViolation:
                pass  # written before: by me before a crash, or by the other one

        if not logged("refused"):
            try:
                for step, do, _ in steps:
                    if not logged(f"did {step}"):
                        surely(do, f"{name}/{step}")
                        log(f"did {step}")
                return
            except REFUSED:
                log("refused")  # from here on there is one direction
        for step, _, undo in reversed(steps):
            if logged(f"did {step}") and not logged(f"undid {step}"):
                surely(undo, f"{name}/{step}")
                log(f"undid {step}")

    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        run(json.loads(body))
        channel.basic_ack(method.delivery_tag)  # last: until then the broker remembers the saga
