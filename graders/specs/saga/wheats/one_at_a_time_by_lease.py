"""Nobody works on an order without a lease on it, a row that only one can insert and that runs out.
The leaseholder may be asleep when it does; what it then does late, the services turn away."""

import json
import time

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined, ChargeVoided, PaymentError
from minibroker.clients.services import NoCarrier, RequestVoided, ServiceError, SoldOut

LEASE = 15


def orchestrator(channel, database, payments, stock, shipping):
    def lease(name):
        """Wait until the order is mine, and give the number of my lease."""
        number = 1
        while True:
            try:
                database.insert("leases", f"{name}/{number}", {"until": time.time() + LEASE})
                return number
            except UniqueViolation:
                row = database.get("leases", f"{name}/{number}")
                if row["until"] > time.time():
                    time.sleep(2)
                else:
                    number += 1

    def until_answered(call, *arguments):
        while True:
            try:
                return call(*arguments)
            except (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided):
                raise
            except (PaymentError, ServiceError):
                time.sleep(2)

    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        number = lease(name)
        if database.get("ended", name) is None:
            try:
                until_answered(stock.reserve, name, order["items"], f"1 {name}")
                until_answered(payments.charge, name, order["cents"], f"2 {name}")
                until_answered(shipping.book, name, f"3 {name}")
            except (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided):
                until_answered(shipping.cancel, name, f"3 {name}")
                until_answered(payments.refund, name, f"2 {name}")
                until_answered(stock.release, name, f"1 {name}")
            database.put("ended", name)
        database.put("leases", f"{name}/{number}", {"until": 0})
        channel.basic_ack(method.delivery_tag)
