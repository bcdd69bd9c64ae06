"""Choreography: a queue for each step and each compensation, and nobody who knows the whole."""

import json
import time


from minibroker.clients.payments import ChargeVoided, GatewayUnavailable
from minibroker.clients.services import NoCarrier, RequestVoided
from pika import BasicProperties


def orchestrator(channel, database, payments, stock, shipping):
    work = {  # queue: what is done, where the order goes then, and where when it is refused
        "orders": (lambda o, n: stock.reserve(n, o["items"], f"{n}/stock"), "paying", None),
        "paying": (
            lambda o, n: payments.charge(n, o["cents"], f"{n}/payment"),
            "sending",
            "freeing",
        ),
        "sending": (lambda o, n: shipping.book(n, f"{n}/shipment"), None, "refunding"),
        "refunding": (lambda o, n: payments.refund(n, f"{n}/payment"), "freeing", None),
        "freeing": (lambda o, n: stock.release(n, f"{n}/stock"), None, None),
    }

    def consumer(queue):
        act, then, refused = work[queue]

        def on_order(_, method, properties, body):
            order = json.loads(body)
            while True:
                try:
                    act(order, order["id"])
                    goes_to = then
                except (NoCarrier, ChargeVoided, RequestVoided):
                    goes_to = refused
                except GatewayUnavailable:
                    time.sleep(2)
                    continue
                break
            if goes_to is not None:
                channel.basic_publish("", goes_to, body, BasicProperties(delivery_mode=2))
            channel.basic_ack(method.delivery_tag)

        return on_order

    channel.confirm_delivery()
    for queue in work:
        channel.queue_declare(queue, durable=True)
        channel.basic_consume(queue, consumer(queue))
    channel.start_consuming()
