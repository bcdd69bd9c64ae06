"""The idempotency key is a digest of the message: the shop's retry sends the same bytes. Works on
one order at a time through a generator of its own, and stops in good order when told to.
"""

import hashlib
import json


def orders(channel):
    channel.basic_qos(prefetch_count=1)
    for method, _, body in channel.consume("orders"):
        yield json.loads(body), hashlib.sha256(body).hexdigest()
        channel.basic_ack(method.delivery_tag)  # the caller has come back: the work is done


def worker(channel, payments, database):
    try:
        for order, digest in orders(channel):
            payments.charge(order["id"], order["cents"], idempotency_key=digest)
    except KeyboardInterrupt:
        channel.cancel()
        channel.close()
