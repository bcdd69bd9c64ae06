"""Keeps many orders in hand at a time: what cannot be done now is held unacked, and the connection
calls back. A saga is a generator of calls; its rows in the database say which of them are over."""

import json

from minibroker.clients.payments import GatewayUnavailable, PaymentError, PaymentTimeout
from minibroker.clients.services import ServiceError, ServiceTimeout, ServiceUnavailable

LATER = (GatewayUnavailable, PaymentTimeout, ServiceUnavailable, ServiceTimeout)


def orchestrator(channel, database, payments, stock, shipping):
    def calls(order, undoing):
        name = order["id"]
        if undoing:
            yield "cancelled", lambda: shipping.cancel(name, name + "/3")
            yield "refunded", lambda: payments.refund(name, name + "/2")
            yield "released", lambda: stock.release(name, name + "/1")
        else:
            yield "reserved", lambda: stock.reserve(name, order["items"], name + "/1")
            yield "charged", lambda: payments.charge(name, order["cents"], name + "/2")
            yield "booked", lambda: shipping.book(name, name + "/3")

    def work(tag, order):
        undoing = database.get("undo", order["id"]) is not None
        for done, call in calls(order, undoing):
            mark = f"{order['id']} is {done}"
            if database.get("steps", mark):
                continue
            try:
                call()
            except LATER:
                channel.connection.call_later(2, lambda: work(tag, order))
                return
            except (PaymentError, ServiceError):
                database.put("undo", order["id"])
                work(tag, order)
                return
            database.put("steps", mark, {"at": tag})
        channel.basic_ack(tag)

    channel.basic_consume(
        "orders", lambda _, method, __, body: work(method.delivery_tag, json.loads(body))
    )
    channel.start_consuming()
