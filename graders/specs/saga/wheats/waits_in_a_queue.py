"""What cannot be done now waits in a queue of its own until the broker puts it back, while the
orchestrators take other orders. A crash between the two leaves it in both, and nobody minds."""

import json

from minibroker.clients import payments as pay
from minibroker.clients import services as svc
from pika import BasicProperties

NOT_NOW = (pay.GatewayUnavailable, pay.PaymentTimeout, svc.ServiceUnavailable, svc.ServiceTimeout)


def orchestrator(channel, database, payments, stock, shipping):
    channel.queue_declare(
        "orders.later",
        durable=True,
        arguments={
            "x-message-ttl": 3_000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "orders",
        },
    )
    channel.confirm_delivery()
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        try:
            if database.get("refusals", name) is None:
                try:
                    stock.reserve(name, order["items"], name)
                    payments.charge(name, order["cents"], name)
                    shipping.book(name, name)
                except NOT_NOW:
                    raise
                except (pay.PaymentError, svc.ServiceError) as no:
                    database.put("refusals", name, {"said": str(no)})
            if database.get("refusals", name) is not None:
                shipping.cancel(name, name)
                payments.refund(name, name)
                stock.release(name, name)
        except NOT_NOW:
            channel.basic_publish("", "orders.later", body, BasicProperties(delivery_mode=2))
        channel.basic_ack(method.delivery_tag)
