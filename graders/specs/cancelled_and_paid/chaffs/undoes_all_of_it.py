"""Undoes every step, also the one that timed out, and repeats that until it works. Now nothing is left
half done, but a timeout still ends an order that nobody had refused.

anomaly: compensation_without_cause
anomaly: lost_message
"""

import json
import time


def orchestrator(channel, payments, stock, shipping):
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        try:
            stock.reserve(name, order["items"], f"{name}/stock")
            payments.charge(name, order["cents"], f"{name}/payment")
            shipping.book(name, f"{name}/shipment")
        except Exception:
            for undo, key in (
                (shipping.cancel, f"{name}/shipment"),
                (payments.refund, f"{name}/payment"),
                (stock.release, f"{name}/stock"),
            ):
                while True:
                    try:
                        undo(name, key)
                        break
                    except Exception:
                        time.sleep(2)
        channel.basic_ack(method.delivery_tag)
