"""A quorum queue, which is never anything but durable, and a loop instead of callbacks."""

import json


def mailer(channel, mail):
    channel.exchange_declare("events", "fanout", durable=True)
    channel.queue_declare("thanks", durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind("thanks", "events")
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("thanks"):
        order = json.loads(body)
        mail.send(order["id"], "Thank you!", idempotency_key=f"thanks for {order['id']}")
        channel.basic_ack(method.delivery_tag)
