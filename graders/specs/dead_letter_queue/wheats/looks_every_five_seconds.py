"""No timers and no dead-letter exchange: the worker polls, and looks every five seconds through what
waits. What is not due yet goes back where it was."""

import json
import time

from minibroker.clients.payments import CardDeclined
from pika import BasicProperties

WAITS = [5, 10, 20]


def topology(channel):
    for queue in ("orders", "orders.waiting", "orders.dead"):
        channel.queue_declare(queue, durable=True)


def put(channel, queue, body, **headers):
    channel.basic_publish("", queue, body, BasicProperties(headers=headers, delivery_mode=2))


def work(channel, payments, method, body, attempts):
    try:
        order = json.loads(body)
        payments.charge(order["id"], order["cents"], order["id"])
    except CardDeclined:
        put(channel, "orders.dead", body, cause="card declined", attempts=attempts)
    except json.JSONDecodeError as error:
        put(channel, "orders.dead", body, cause=f"no JSON: {error}", attempts=attempts)
    except Exception as error:
        if attempts <= len(WAITS):
            due = int(time.time()) + 1 + WAITS[attempts - 1]
            put(channel, "orders.waiting", body, attempts=attempts, due=due)
        else:
            put(channel, "orders.dead", body, cause=str(error), attempts=attempts)
    channel.basic_ack(method.delivery_tag)


def worker(channel, payments):
    look = time.time()
    while True:
        method, properties, body = channel.basic_get("orders")
        if method is not None:
            work(channel, payments, method, body, 1)
        elif time.time() < look:
            time.sleep(1)
        else:
            look = time.time() + 5
            early = []
            while (got := channel.basic_get("orders.waiting"))[0] is not None:
                method, properties, body = got
                if properties.headers["due"] <= time.time():
                    attempts = properties.headers["attempts"] + 1
                    work(channel, payments, method, body, attempts)
                else:
                    early.append(method.delivery_tag)
            for tag in early:
                channel.basic_nack(tag, requeue=True)
