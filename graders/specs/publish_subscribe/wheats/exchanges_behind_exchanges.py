"""The topic exchange passes messages on to an exchange of each subscriber, to which that one may bind as
many queues as it likes. The alternate exchange is one that every broker has.
"""

import json

INTERESTS = {"billing": "order.placed.#", "courier": "order.placed.#.express"}


def topology(channel):
    channel.queue_bind("events.unrouted", "amq.fanout")
    channel.exchange_declare(
        "events", "topic", durable=True, arguments={"alternate-exchange": "amq.fanout"}
    )
    for name, pattern in INTERESTS.items():
        channel.exchange_declare(name, "fanout", durable=True)
        channel.exchange_bind(name, "events", pattern)
        channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(name, name)


def subscribe(channel, queue, act):
    def on_event(channel, method, properties, body):
        act(json.loads(body))
        channel.basic_ack(method.delivery_tag)

    channel.basic_qos(prefetch_count=10)
    channel.basic_consume(queue, on_event)
    channel.start_consuming()


def billing(channel, payments):
    subscribe(channel, "billing", lambda o: payments.charge(o["id"], o["cents"], o["id"]))


def courier(channel, shipping):
    subscribe(channel, "courier", lambda o: shipping.book(o["id"], o["id"]))
