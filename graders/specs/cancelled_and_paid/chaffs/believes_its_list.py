"""Acks at once, keeps in memory what it has done, and undoes that, whatever comes of it: a crash, a
timeout and a failed refund each leave an order half done.

anomaly: missing_compensation
anomaly: lost_message
anomaly: compensation_without_cause
"""

import json

sagas = {}  # what each order has done so far


def orchestrator(channel, payments, stock, shipping):
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        channel.basic_ack(method.delivery_tag)
        name = order["id"]
        sagas[name] = []
        try:
            stock.reserve(name, order["items"], f"{name}/stock")
            sagas[name].append((stock.release, f"{name}/stock"))
            payments.charge(name, order["cents"], f"{name}/payment")
            sagas[name].append((payments.refund, f"{name}/payment"))
            shipping.book(name, f"{name}/shipment")
            sagas[name].append((shipping.cancel, f"{name}/shipment"))
            print(f"{name} is complete")
        except Exception:
            for undo, key in reversed(sagas[name]):
                try:
                    undo(name, key)
                except Exception as error:
                    print(f"{name}: {error}")
            print(f"{name} was undone")
