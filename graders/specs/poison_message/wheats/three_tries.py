"""Three tries, for an error that may pass: each failure publishes the order again with the number
of tries in a header of its own, and the third goes to the dead-letter queue. Publishing comes
before the ack every time.
"""

import json

import pika

TRIES = 3


def worker(channel, payments):
    channel.basic_qos(prefetch_count=1)
    for method, properties, body in channel.consume("orders"):
        try:
            order = json.loads(body)
            payments.charge(order["id"], order["cents"], idempotency_key=order["id"])
        except Exception as error:
            tries = (properties.headers or {}).get("tries", 0) + 1
            headers = {"tries": tries, "cause": repr(error)}
            target = "orders" if tries < TRIES else "orders.dead"
            properties = pika.BasicProperties(delivery_mode=2, headers=headers)
            channel.basic_publish("", target, body, properties)
        channel.basic_ack(method.delivery_tag)
