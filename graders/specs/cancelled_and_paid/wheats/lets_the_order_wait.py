"""An order that cannot go on now is held unacked, and the connection calls back in two seconds;
the other orders do not wait for it."""

import json

from minibroker.clients.payments import GatewayUnavailable, PaymentError, PaymentTimeout
from minibroker.clients.services import ServiceError, ServiceTimeout, ServiceUnavailable


def orchestrator(channel, payments, stock, shipping):
    def back(order):
        payments.refund(order["id"], "pay " + order["id"])
        stock.release(order["id"], "keep " + order["id"])

    def forward(order):
        stock.reserve(order["id"], order["items"], "keep " + order["id"])
        payments.charge(order["id"], order["cents"], "pay " + order["id"])
        shipping.book(order["id"], "send " + order["id"])

    def work(tag, order, way):
        try:
            way(order)
        except (GatewayUnavailable, PaymentTimeout, ServiceUnavailable, ServiceTimeout):
            channel.connection.call_later(2, lambda: work(tag, order, way))
        except (PaymentError, ServiceError):
            work(tag, order, back)
        else:
            channel.basic_ack(tag)

    def on_order(_, method, properties, body):
        work(method.delivery_tag, json.loads(body), forward)

    channel.basic_consume("orders", on_order)
    channel.start_consuming()
