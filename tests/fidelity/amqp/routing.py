"""Which queues a message comes to, and what a publisher hears."""

import pika

from tests.fidelity.scenario import scenario


def bodies(channel, queue):
    """All that is in a queue, in order."""
    found = []
    while True:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return found
        found.append(body.decode())


@scenario("amqp", "topic patterns match words")
def topics(channel, name, note):
    channel.exchange_declare(name("topics"), "topic", durable=True)
    patterns = ("order.*", "order.#", "#", "*.paid", "*", "order.*.eu", "#.eu.#", "order..paid")
    for pattern in patterns:
        channel.queue_declare(name(f"topics {pattern}"), durable=True)
        channel.queue_bind(name(f"topics {pattern}"), name("topics"), pattern)
    channel.confirm_delivery()
    keys = ("order", "order.paid", "order.paid.eu", "eu", "", "order..paid", "invoice.paid", ".")
    for key in keys:
        channel.basic_publish(name("topics"), key, key or "(none)")
    for pattern in patterns:
        note("received", pattern=pattern, keys=bodies(channel, name(f"topics {pattern}")))


@scenario("amqp", "header bindings match all, any, and with x-")
def headers(channel, name, note):
    channel.exchange_declare(name("headers"), name("headers"), durable=True)
    bindings = {
        "all": {"x-match": "all", "format": "pdf", "size": 1},
        "any": {"x-match": "any", "format": "pdf", "size": 1},
        "default": {"format": "pdf", "size": 1},
        "without x": {"x-match": "any", "x-team": "red"},
        "any with x": {"x-match": "any-with-x", "x-team": "red"},
        "all with x": {"x-match": "all-with-x", "x-team": "red", "format": "pdf"},
        "there": {"x-match": "all", "format": None},
        "nothing, all": {"x-match": "all"},
        "nothing, any": {"x-match": "any"},
    }
    for each, arguments in bindings.items():
        channel.queue_declare(name(f"headers {name}"), durable=True)
        channel.queue_bind(name(f"headers {name}"), name("headers"), "", arguments)
    channel.confirm_delivery()
    messages = {
        "pdf 1": {"format": "pdf", "size": 1},
        "pdf 2": {"format": "pdf", "size": 2},
        "pdf as text": {"format": "pdf", "size": "1"},
        "red": {"x-team": "red"},
        "red pdf": {"x-team": "red", "format": "pdf"},
        "none": {},
    }
    for body, found in messages.items():
        channel.basic_publish(name("headers"), "", body, pika.BasicProperties(headers=found))
    channel.basic_publish(name("headers"), "", "no headers")
    for each in bindings:
        note("received", binding=name, bodies=bodies(channel, name(f"headers {name}")))


@scenario("amqp", "exchanges pass on, and what they cannot goes to the alternate one")
def through_exchanges(channel, name, note):
    """Exchange to exchange, in a circle, twice to one queue; and the alternate exchange."""
    channel.exchange_declare(name("strays"), "fanout", durable=True)
    channel.exchange_declare(name("shop"), "direct", durable=True,
                             arguments={"alternate-exchange": name("strays")})  # fmt: skip
    channel.exchange_declare(name("audit"), "topic", durable=True)
    for each in ("orders", "log", "lost"):
        channel.queue_declare(name(f"through {name}"), durable=True)
    channel.queue_bind(name("through orders"), name("shop"), "order.paid")
    channel.queue_bind(name("through log"), name("audit"), "order.#")
    channel.queue_bind(name("through log"), name("audit"), "#.paid")
    channel.queue_bind(name("through lost"), "strays")
    channel.exchange_bind(name("audit"), name("shop"), "order.paid")
    channel.exchange_bind(name("audit"), name("shop"), "nothing.matches")
    channel.exchange_bind(name("shop"), name("audit"), "#")
    channel.confirm_delivery()
    for key in ("order.paid", "nothing.matches", "unknown"):
        channel.basic_publish(name("shop"), key, key, mandatory=True)
    channel.exchange_unbind(name("audit"), name("shop"), "order.paid")
    channel.basic_publish(name("shop"), "order.paid", "after unbinding")
    for each in ("orders", "log", "lost"):
        note("received", queue=name, bodies=bodies(channel, name(f"through {name}")))


@scenario("amqp", "a queue gets one copy however often it is bound")
def bound_twice(connection, name, note):
    """One copy for a queue, however many bindings let a message through."""
    channel = connection.channel()
    channel.queue_declare(name("bound twice"), durable=True)
    for _ in range(2):
        channel.queue_bind(name("bound twice"), "amq.direct", "a")
    channel.queue_bind(name("bound twice"), "amq.direct", "b")
    channel.confirm_delivery()
    for key in ("a", "b"):
        channel.basic_publish("amq.direct", key, key)
    channel.queue_unbind(name("bound twice"), "amq.direct", "a")
    channel.queue_unbind(name("bound twice"), "amq.direct", "never")
    for key in ("a", "b"):
        channel.basic_publish("amq.direct", key, f"{key} again")
    note("received", bodies=bodies(channel, "bound twice"))


@scenario("amqp", "a mandatory message comes back, and is confirmed")
def unroutable(channel, name, note):
    """With confirms, an unroutable mandatory message comes back and is acked all the same."""
    channel.exchange_declare(name("empty"), "direct", durable=True)
    channel.confirm_delivery()
    channel.basic_publish(name("empty"), "nowhere", "not mandatory")
    note("acked")
    try:
        channel.basic_publish(
            name("empty"),
            "nowhere",
            "mandatory",
            pika.BasicProperties(message_id="m-1", headers={"order": 1}),
            mandatory=True,
        )
    except pika.exceptions.UnroutableError as error:
        for message in error.messages:
            note("returned", code=message.method.reply_code, text=message.method.reply_text,
                 exchange=message.method.exchange, routing_key=message.method.routing_key,
                 body=message.body.decode(), message_id=message.properties.message_id,
                 headers=message.properties.headers)  # fmt: skip


@scenario("amqp", "without confirms what comes back is told to a callback")
def returned(connection, name, note):
    """Without confirms a callback hears of it, in the order of publishing."""
    channel = connection.channel()
    channel.queue_declare(name("routable"), durable=True)

    def came_back(_, method, properties, body):
        note("returned", code=method.reply_code, text=method.reply_text, body=body.decode(),
             routing_key=method.routing_key)  # fmt: skip

    channel.add_on_return_callback(came_back)
    for number, key in enumerate(("nowhere", name("routable"), "elsewhere")):
        channel.basic_publish("", key, str(number), mandatory=True)
    for _ in range(20):
        connection.process_data_events(0.05)
    note("received", bodies=bodies(channel, "routable"))
