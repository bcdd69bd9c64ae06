"""A class with a callback, its own event loop, and no idempotency key: it asks the gateway before
every charge. That is enough for one worker that handles one message after the other.
"""

import json


class Cashier:
    def __init__(self, channel, payments):
        self.channel = channel
        self.payments = payments
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(queue="orders", on_message_callback=self.on_order)

    def on_order(self, channel, method, properties, body):
        order = json.loads(body)
        if not self.payments.charges(order["id"]):
            self.payments.charge(order["id"], order["cents"])
        channel.basic_ack(method.delivery_tag)

    def run(self):
        while True:
            self.channel.connection.process_data_events(time_limit=1)


def worker(channel, payments, database):
    Cashier(channel, payments).run()
