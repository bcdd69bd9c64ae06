"""One queue for all that waits. Each message says in a header when it is due; the worker takes it
at once, holds it unacked, and lets its connection call back at that time. After a crash the broker
hands all of them out again and the times are still written on them."""

import json
import time

from minibroker.clients.payments import CardDeclined
from pika import BasicProperties

WAITS = {1: 5, 2: 10, 3: 20}


def topology(channel):
    for queue in ("orders", "orders.later", "orders.dead"):
        channel.queue_declare(queue, durable=True)


def worker(channel, payments):
    def send(queue, body, headers):
        channel.basic_publish(
            "", queue, body, BasicProperties(delivery_mode=2, headers=headers), mandatory=True
        )

    def work(method, body, before):
        attempts = before + 1
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
        except (ValueError, CardDeclined) as error:
            send("orders.dead", body, {"cause": repr(error), "attempts": attempts})
        except Exception as error:
            if attempts in WAITS:
                due = int(time.time()) + 1 + WAITS[attempts]  # a header holds no float
                send("orders.later", body, {"attempts": attempts, "due": due})
            else:
                send("orders.dead", body, {"cause": repr(error), "attempts": attempts})
        channel.basic_ack(method.delivery_tag)

    def on_order(_, method, properties, body):
        work(method, body, 0)

    def on_waiting(_, method, properties, body):
        left = max(0, properties.headers["due"] - time.time())
        before = properties.headers["attempts"]
        channel.connection.call_later(left, lambda: work(method, body, before))

    channel.confirm_delivery()
    channel.basic_consume("orders", on_order)
    channel.basic_consume("orders.later", on_waiting)
    channel.start_consuming()
