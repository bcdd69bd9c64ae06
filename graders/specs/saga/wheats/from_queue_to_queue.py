"""Choreography: no coordinator and no table. Each step has a queue; who has done it puts the order
into the next one, and who is refused puts it into the queue of the compensation before it."""

import json
import time

from pika import BasicProperties

from minibroker.clients import payments as pay
from minibroker.clients import services as svc

NO = (svc.SoldOut, svc.NoCarrier, svc.RequestVoided, pay.CardDeclined, pay.ChargeVoided)


def orchestrator(channel, database, payments, stock, shipping):
    steps = {
        "orders": (lambda o, n: stock.reserve(n, o["items"], "s" + n), "charge", "release"),
        "charge": (lambda o, n: payments.charge(n, o["cents"], "p" + n), "book", "refund"),
        "book": (lambda o, n: shipping.book(n, "b" + n), None, "cancel"),
        "cancel": (lambda o, n: shipping.cancel(n, "b" + n), "refund", None),
        "refund": (lambda o, n: payments.refund(n, "p" + n), "release", None),
        "release": (lambda o, n: stock.release(n, "s" + n), None, None),
    }
    for queue in steps:
        channel.queue_declare(queue, durable=True)
    channel.confirm_delivery()

    def step(queue):
        act, done, refused = steps[queue]

        def on_order(_, method, properties, body):
            order = json.loads(body)
            while True:
                try:
                    act(order, order["id"])
                    then = done
                except NO:
                    then = refused
                except (pay.PaymentError, svc.ServiceError):
                    time.sleep(2)
                    continue
                break
            if then is not None:
                channel.basic_publish("", then, body, BasicProperties(delivery_mode=2))
            channel.basic_ack(method.delivery_tag)

        return on_order

    for queue in steps:
        channel.basic_consume(queue, step(queue))
    channel.start_consuming()
