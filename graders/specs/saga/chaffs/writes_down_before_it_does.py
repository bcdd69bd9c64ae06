"""Writes a step down before it does it, so that it cannot be done twice. After a crash in between it
is not done at all.

anomaly: missing_compensation in all_or_nothing
anomaly: lost_message in all_or_nothing
anomaly: duplicate_effect in once
anomaly: compensation_out_of_order
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
                lambda key: stock.reserve(name, order["items"], key),
                lambda key: stock.release(name, key),
            ),
            (
                "payment",
                lambda key: payments.charge(name, order["cents"], key),
                lambda key: payments.refund(name, key),
            ),
            (
                "shipment",
                lambda key: shipping.book(name, key),
                lambda key: shipping.cancel(name, key),
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
                        log(f"did {step}")
                        surely(do, f"{name}/{step}")
                return
            except REFUSED:
                log("refused")  # from here on there is one direction
        for step, _, undo in reversed(steps):
            if not logged(f"undid {step}"):
                log(f"undid {step}")
                surely(undo, f"{name}/{step}")

    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        run(json.loads(body))
        channel.basic_ack(method.delivery_tag)  # last: until then the broker remembers the saga
