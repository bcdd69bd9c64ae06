"""Moves the ack to the end, and nothing else: no crash loses an order any more, and the timeout and
the failed refund do what they did.

anomaly: missing_compensation
anomaly: lost_message
anomaly: compensation_without_cause
"""

import json


def orchestrator(channel, payments, stock, shipping):
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        done = []
        try:
            stock.reserve(name, order["items"], f"{name}/stock")
            done.append((stock.release, f"{name}/stock"))
            payments.charge(name, order["cents"], f"{name}/payment")
            done.append((payments.refund, f"{name}/payment"))
            shipping.book(name, f"{name}/shipment")
        except Exception:
            for undo, key in reversed(done):
                try:
                    undo(name, key)
                except Exception as error:
                    print(f"{name}: {error}")
        channel.basic_ack(method.delivery_tag)
