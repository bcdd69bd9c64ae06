"""Takes a charge without an answer for a charge that failed: it is not among those that are undone.

anomaly: missing_compensation
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
        except Exception as error:
            for undo, key in reversed(done):
                undo(name, key)
            print(f"{name} was undone: {type(error).__name__}")
        channel.basic_ack(method.delivery_tag)
