"""Makes a new key for each try, so none of them is ever seen twice, and undoes under the key of the
last one.

anomaly: duplicate_effect
anomaly: missing_compensation
"""

import json
import time
import uuid

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


def surely(call, step):
    """Ask until there is an answer, and give the key it came under."""
    while True:
        try:
            key = f"{step}/{uuid.uuid4()}"
            call(key)
            return key
        except MAY_WORK_LATER:
            time.sleep(2)


def surely_undone(call, key):
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
                        key = surely(do, step)
                        database.put("keys", f"{name}/{step}", {"key": key})
                        log(f"did {step}")
                return
            except REFUSED:
                log("refused")  # from here on there is one direction
        for step, _, undo in reversed(steps):
            if not logged(f"undid {step}"):
                if logged(f"did {step}"):
                    surely_undone(undo, database.get("keys", f"{name}/{step}")["key"])
                log(f"undid {step}")

    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        run(json.loads(body))
        channel.basic_ack(method.delivery_tag)  # last: until then the broker remembers the saga
