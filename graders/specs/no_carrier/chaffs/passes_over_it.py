"""Makes a warning of a refund that failed, and says that the order was undone.

anomaly: missing_compensation
"""

import json

from minibroker.clients.services import NoCarrier


def orchestrator(channel, database, payments, stock, shipping):
    for method, _, body in channel.consume("orders"):
        order = json.loads(body)
        name = order["id"]
        try:
            stock.reserve(name, order["items"], f"{name}/stock")
            payments.charge(name, order["cents"], f"{name}/payment")
            shipping.book(name, f"{name}/shipment")
        except NoCarrier:
            for undo, key in (
                (payments.refund, f"{name}/payment"),
                (stock.release, f"{name}/stock"),
            ):
                try:
                    undo(name, key)
                except Exception as error:  # one that fails must not stop the others
                    print(f"warning: {error}")
            print(f"{name} was undone")
        channel.basic_ack(method.delivery_tag)
