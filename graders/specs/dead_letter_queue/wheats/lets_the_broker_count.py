"""A quorum queue counts what comes back to it. The worker holds a failed message unacked until its
next attempt is due and then rejects it with requeue, which counts (a nack does not, since RabbitMQ
4.3). The delivery limit stands behind that, well above the worker's own, for what kills workers."""

import json

from pika import BasicProperties

LIMIT, WAITS = 4, (5, 10, 20)


def topology(channel):
    channel.queue_declare("orders.dead", durable=True)
    channel.queue_declare(
        "orders",
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": 20,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "orders.dead",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def worker(channel, payments):
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=100)

    def on_order(_, method, properties, body):
        attempts = (properties.headers or {}).get("x-delivery-count", 0) + 1
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], order["id"])
        except Exception as error:
            if attempts < LIMIT:
                again = lambda: channel.basic_reject(method.delivery_tag, requeue=True)
                channel.connection.call_later(WAITS[attempts - 1], again)
                return
            headers = {"cause": str(error), "attempts": attempts}
            channel.basic_publish(
                "", "orders.dead", body, BasicProperties(delivery_mode=2, headers=headers)
            )
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume("orders", on_order)
    channel.start_consuming()
