"""A state machine with optimistic locking: each change of a saga's state is a row under the next
version, so of two orchestrators only one makes it; the other reads the new state and goes on from
there."""

import json
import time

from minibroker.clients.database import UniqueViolation
from minibroker.clients.payments import CardDeclined, ChargeVoided, PaymentError
from minibroker.clients.services import NoCarrier, RequestVoided, ServiceError, SoldOut

NO = (CardDeclined, ChargeVoided, NoCarrier, RequestVoided, SoldOut)


class Saga:
    def __init__(self, database, order):
        self.database, self.order = database, order
        self.version, self.state = 0, "new"
        self.catch_up()

    def catch_up(self):
        while (row := self.database.get("sagas", self.key(self.version + 1))) is not None:
            self.version, self.state = self.version + 1, row["state"]

    def key(self, version):
        return f"{self.order['id']}@{version}"

    def becomes(self, state):
        try:
            self.database.insert("sagas", self.key(self.version + 1), {"state": state})
            self.version, self.state = self.version + 1, state
        except UniqueViolation:
            self.catch_up()


def orchestrator(channel, database, payments, stock, shipping):
    def reserve(name, order):
        stock.reserve(name, order["items"], name + "-stock")

    def charge(name, order):
        payments.charge(name, order["cents"], name + "-card")

    def book(name, order):
        shipping.book(name, name + "-parcel")

    def cancel(name, order):
        shipping.cancel(name, name + "-parcel")

    def refund(name, order):
        payments.refund(name, name + "-card")

    def release(name, order):
        stock.release(name, name + "-stock")

    moves = {  # state: what is done in it, and what it becomes when that is done or refused
        "new": (reserve, "reserved", "released"),
        "reserved": (charge, "charged", "refunded"),
        "charged": (book, "complete", "undoing"),
        "undoing": (cancel, "cancelled", None),
        "cancelled": (refund, "refunded", None),
        "refunded": (release, "released", None),
    }

    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        saga = Saga(database, order)
        while saga.state in moves:
            act, done, refused = moves[saga.state]
            try:
                act(order["id"], order)
            except NO:
                saga.becomes(refused)
            except (PaymentError, ServiceError):
                time.sleep(2)
            else:
                saga.becomes(done)
        channel.basic_ack(method.delivery_tag)
