"""Which queues a message comes to, and what its publisher hears."""

import pika

from tests.fidelity.amqp_steps import queue, refusal
from tests.fidelity.scenario import scenario


def bodies(channel, orders):
    """All that is in a queue, in order."""
    found = []
    while True:
        method, _, body = channel.basic_get(orders, auto_ack=True)
        if method is None:
            return found
        found.append(body.decode())


@scenario("amqp", "topic patterns match words")
def has_topics(channel, name, note):
    topics = name("topics")
    channel.exchange_declare(topics, "topic", durable=True)
    patterns = ("order.*", "order.#", "#", "*.paid", "*", "order.*.eu", "#.eu.#", "order..paid",
                "#.#", "*.#", "#.*", "")  # fmt: skip
    for pattern in patterns:
        channel.queue_bind(queue(channel, name(f"by {pattern}")), topics, pattern)
    channel.confirm_delivery()
    keys = ("order", "order.paid", "order.paid.eu", "eu", "", "order..paid", "invoice.paid", ".")
    for key in keys:
        channel.basic_publish(topics, key, key or "(none)")
    for pattern in patterns:
        note("received", pattern=pattern, keys=bodies(channel, name(f"by {pattern}")))


@scenario("amqp", "bindings by headers match all, any, and with x-")
def has_headers(channel, name, note):
    exchange = name("headers")
    channel.exchange_declare(exchange, "headers", durable=True)
    bindings = {
        "all": {"x-match": "all", "format": "pdf", "size": 1},
        "any": {"x-match": "any", "format": "pdf", "size": 1},
        "as usual": {"format": "pdf", "size": 1},
        "any, without x": {"x-match": "any", "x-team": "red"},
        "all, without x": {"x-match": "all", "x-team": "red", "format": "pdf"},
        "any, with x": {"x-match": "any-with-x", "x-team": "red"},
        "all, with x": {"x-match": "all-with-x", "x-team": "red", "format": "pdf"},
        "is there": {"x-match": "all", "format": None},
        "all of none": {"x-match": "all"},
        "any of none": {"x-match": "any"},
    }
    for each, arguments in bindings.items():
        channel.queue_bind(queue(channel, name(each)), exchange, "", arguments)
    channel.confirm_delivery()
    messages = {
        "pdf 1": {"format": "pdf", "size": 1},
        "pdf 2": {"format": "pdf", "size": 2},
        "pdf '1'": {"format": "pdf", "size": "1"},
        "red": {"x-team": "red"},
        "red pdf": {"x-team": "red", "format": "pdf"},
        "none": {},
    }
    for body, found in messages.items():
        channel.basic_publish(exchange, "", body, pika.BasicProperties(headers=found))
    channel.basic_publish(exchange, "", "no headers")
    for each in bindings:
        note("received", binding=each, bodies=bodies(channel, name(each)))


@scenario("amqp", "exchanges pass on, and what they cannot route goes to the alternate one")
def goes_through_exchanges(channel, name, note):
    """In a circle, by two ways to one queue; and astray."""
    shop, audit, strays = name("shop"), name("audit"), name("strays")
    channel.exchange_declare(strays, "fanout", durable=True)
    channel.exchange_declare(shop, "direct", durable=True,
                             arguments={"alternate-exchange": strays})  # fmt: skip
    channel.exchange_declare(audit, "topic", durable=True)
    orders, log, lost = (queue(channel, name(each)) for each in ("orders", "log", "lost"))
    channel.queue_bind(orders, shop, "order.paid")
    channel.queue_bind(log, audit, "order.#")
    channel.queue_bind(log, audit, "#.paid")
    channel.queue_bind(lost, strays, "")
    channel.exchange_bind(audit, shop, "order.paid")
    channel.exchange_bind(audit, shop, "nothing.matches")
    channel.exchange_bind(shop, audit, "order.#")
    channel.confirm_delivery()
    for key in ("order.paid", "nothing.matches", "unknown"):
        said = refusal(lambda key=key: channel.basic_publish(shop, key, key, mandatory=True))
        note("sent", key=key, error=said["error"])
    channel.exchange_unbind(audit, shop, "order.paid")
    channel.basic_publish(shop, "order.paid", "after unbinding")
    for each in (orders, log, lost):
        note("received", queue=each, bodies=bodies(channel, each))


@scenario("amqp", "a queue gets one copy, however often it is bound")
def is_bound_twice(channel, name, note):
    orders, keys = queue(channel, name("orders")), (name("a"), name("b"))
    for key in (*keys, keys[0]):
        channel.queue_bind(orders, "amq.direct", key)
    channel.confirm_delivery()
    for key in keys:
        channel.basic_publish("amq.direct", key, key)
    channel.queue_unbind(orders, "amq.direct", keys[0])
    channel.queue_unbind(orders, "amq.direct", "never")
    for key in keys:
        channel.basic_publish("amq.direct", key, f"{key} again")
    note("received", bodies=bodies(channel, orders))


@scenario("amqp", "an unroutable message is confirmed, a mandatory one comes back besides")
def is_unroutable(channel, name, note):
    empty = name("empty")
    channel.exchange_declare(empty, "direct", durable=True)
    channel.confirm_delivery()
    channel.basic_publish(empty, "nowhere", "not mandatory")
    note("confirmed")
    given = pika.BasicProperties(message_id="m-1", headers={"order": 1})
    try:
        channel.basic_publish(empty, "nowhere", "mandatory", given, mandatory=True)
    except pika.exceptions.UnroutableError as error:
        for message in error.messages:
            note("returned", code=message.method.reply_code, text=message.method.reply_text,
                 exchange=message.method.exchange, routing_key=message.method.routing_key,
                 body=message.body, message_id=message.properties.message_id,
                 headers=message.properties.headers)  # fmt: skip


@scenario("amqp", "without confirms a callback is told what comes back")
def comes_back(connection, name, note):
    channel = connection.channel()
    orders = queue(channel, name("orders"))
    returned = []

    def came_back(_, method, properties, body):
        returned.append(body)
        note("returned", code=method.reply_code, text=method.reply_text, body=body,
             exchange=method.exchange, routing_key=method.routing_key)  # fmt: skip

    channel.add_on_return_callback(came_back)
    for number, key in enumerate(("nowhere", orders, "elsewhere")):
        channel.basic_publish("", key, str(number), mandatory=True)
    for _ in range(500):
        if len(returned) == 2:
            break
        connection.process_data_events(0.02)
    note("received", bodies=bodies(channel, orders))
