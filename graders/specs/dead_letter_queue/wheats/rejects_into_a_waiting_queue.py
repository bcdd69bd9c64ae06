"""The broker moves what is rejected to a waiting queue and, after its time there, back: no message
is ever in two places, and x-death says how often it has been round. One wait for all attempts,
since it is as long as the longest that is asked for."""

import json

from pika import BasicProperties


def topology(channel):
    channel.exchange_declare("orders.failed", exchange_type="fanout", durable=True)
    channel.queue_declare(
        "orders", durable=True, arguments={"x-dead-letter-exchange": "orders.failed"}
    )
    channel.queue_declare(
        "orders.waiting",
        durable=True,
        arguments={
            "x-message-ttl": 20_000,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "orders",
        },
    )
    channel.queue_bind("orders.waiting", "orders.failed")
    channel.queue_declare("orders.dead", durable=True)


def times_rejected(properties):
    deaths = (properties.headers or {}).get("x-death", [])
    return sum(d["count"] for d in deaths if d["queue"] == "orders" and d["reason"] == "rejected")


def worker(channel, payments):
    channel.confirm_delivery()
    while True:
        for method, properties, body in channel.consume("orders", inactivity_timeout=2):
            if method is None:
                continue
            attempts = times_rejected(properties) + 1
            try:
                order = json.loads(body)
                payments.charge(order["id"], order["cents"], "charge " + order["id"])
            except Exception as error:
                if attempts < 4:
                    channel.basic_nack(method.delivery_tag, requeue=False)
                    continue
                headers = {"cause": type(error).__name__, "attempts": attempts}
                channel.basic_publish("", "orders.dead", body, BasicProperties(headers=headers))
            channel.basic_ack(method.delivery_tag)
