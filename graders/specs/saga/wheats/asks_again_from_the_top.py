"""Writes nothing down. The message is not acked before the end, so the broker remembers the saga;
the services remember its steps, and after a compensation they refuse to go forward again."""

import json
import time


def orchestrator(channel, database, payments, stock, shipping):
    channel.basic_qos(prefetch_count=1)

    def ask(call, *args):
        """The answer, or False when it is no."""
        while True:
            try:
                call(*args)
                return True
            except Exception as error:
                if type(error).__name__ in ("SoldOut", "CardDeclined", "NoCarrier") or (
                    type(error).__name__.endswith("Voided")
                ):
                    return False
                if not type(error).__name__.endswith(("Unavailable", "Timeout")):
                    raise
                time.sleep(1.5)

    def work(ch, method, properties, body):
        order = json.loads(body)
        name, cents, items = order["id"], order["cents"], order["items"]
        complete = (
            ask(stock.reserve, name, items, f"{name}:1")
            and ask(payments.charge, name, cents, f"{name}:2")
            and ask(shipping.book, name, f"{name}:3")
        )
        if not complete:
            ask(shipping.cancel, name, f"{name}:3")
            ask(payments.refund, name, f"{name}:2")
            ask(stock.release, name, f"{name}:1")
        ch.basic_ack(method.delivery_tag)

    channel.basic_consume("orders", work)
    channel.start_consuming()
