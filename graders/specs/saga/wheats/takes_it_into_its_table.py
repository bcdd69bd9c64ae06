"""Takes the order into a table of its own and acks it. What is open there is worked on at every
start and after every message, by whoever comes; a row is gone only when its saga is at its end."""

import json
import time

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined, ChargeVoided, PaymentError
from minibroker.clients.services import NoCarrier, RequestVoided, ServiceError, SoldOut


def orchestrator(channel, database, payments, stock, shipping):
    def work_on(name):
        row = database.get("open", name)
        if row is None:
            return  # the other one has ended it
        try:
            if "undo" not in row:
                stock.reserve(name, row["items"], name)
                payments.charge(name, row["cents"], name)
                shipping.book(name, name)
        except (SoldOut, CardDeclined, NoCarrier, ChargeVoided, RequestVoided):
            row["undo"] = True
            database.put("open", name, row)
        if "undo" in row:
            shipping.cancel(name, name)
            payments.refund(name, name)
            stock.release(name, name)
        with database.transaction() as both:
            both.put("ended", name)
            both.delete("open", name)

    def work_on_all():
        while names := database.keys("open"):
            for name in names:
                try:
                    work_on(name)
                except (PaymentError, ServiceError):
                    time.sleep(2)

    work_on_all()
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        if database.get("ended", order["id"]) is None:
            try:
                database.insert("open", order["id"], order)
            except UniqueViolation:
                pass
        channel.basic_ack(method.delivery_tag)
        work_on_all()
