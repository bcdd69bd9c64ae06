"""Which queues a message comes to, and what a publisher hears."""

import pika


def bodies(channel, queue):
    """All that is in a queue, in order."""
    found = []
    while True:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return found
        found.append(body.decode())


def topics(connect, note):
    channel = connect().channel()
    channel.exchange_declare("topics", "topic", durable=True)
    patterns = ("order.*", "order.#", "#", "*.paid", "*", "order.*.eu", "#.eu.#", "order..paid")
    for pattern in patterns:
        channel.queue_declare(f"topics {pattern}", durable=True)
        channel.queue_bind(f"topics {pattern}", "topics", pattern)
    channel.confirm_delivery()
    keys = ("order", "order.paid", "order.paid.eu", "eu", "", "order..paid", "invoice.paid", ".")
    for key in keys:
        channel.basic_publish("topics", key, key or "(none)")
    for pattern in patterns:
        note("received", pattern=pattern, keys=bodies(channel, f"topics {pattern}"))


def headers(connect, note):
    channel = connect().channel()
    channel.exchange_declare("headers", "headers", durable=True)
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
    for name, arguments in bindings.items():
        channel.queue_declare(f"headers {name}", durable=True)
        channel.queue_bind(f"headers {name}", "headers", "", arguments)
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
        channel.basic_publish("headers", "", body, pika.BasicProperties(headers=found))
    channel.basic_publish("headers", "", "no headers")
    for name in bindings:
        note("received", binding=name, bodies=bodies(channel, f"headers {name}"))


def through_exchanges(connect, note):
    """Exchange to exchange, in a circle, twice to one queue; and the alternate exchange."""
    channel = connect().channel()
    channel.exchange_declare("strays", "fanout", durable=True)
    channel.exchange_declare("shop", "direct", durable=True,
                             arguments={"alternate-exchange": "strays"})  # fmt: skip
    channel.exchange_declare("audit", "topic", durable=True)
    for name in ("orders", "log", "lost"):
        channel.queue_declare(f"through {name}", durable=True)
    channel.queue_bind("through orders", "shop", "order.paid")
    channel.queue_bind("through log", "audit", "order.#")
    channel.queue_bind("through log", "audit", "#.paid")
    channel.queue_bind("through lost", "strays")
    channel.exchange_bind("audit", "shop", "order.paid")
    channel.exchange_bind("audit", "shop", "nothing.matches")
    channel.exchange_bind("shop", "audit", "#")
    channel.confirm_delivery()
    for key in ("order.paid", "nothing.matches", "unknown"):
        channel.basic_publish("shop", key, key, mandatory=True)
    channel.exchange_unbind("audit", "shop", "order.paid")
    channel.basic_publish("shop", "order.paid", "after unbinding")
    for name in ("orders", "log", "lost"):
        note("received", queue=name, bodies=bodies(channel, f"through {name}"))


def bound_twice(connect, note):
    """One copy for a queue, however many bindings let a message through."""
    channel = connect().channel()
    channel.queue_declare("bound twice", durable=True)
    for _ in range(2):
        channel.queue_bind("bound twice", "amq.direct", "a")
    channel.queue_bind("bound twice", "amq.direct", "b")
    channel.confirm_delivery()
    for key in ("a", "b"):
        channel.basic_publish("amq.direct", key, key)
    channel.queue_unbind("bound twice", "amq.direct", "a")
    channel.queue_unbind("bound twice", "amq.direct", "never")
    for key in ("a", "b"):
        channel.basic_publish("amq.direct", key, f"{key} again")
    note("received", bodies=bodies(channel, "bound twice"))


def unroutable(connect, note):
    """With confirms, an unroutable mandatory message comes back and is acked all the same."""
    channel = connect().channel()
    channel.exchange_declare("empty", "direct", durable=True)
    channel.confirm_delivery()
    channel.basic_publish("empty", "nowhere", "not mandatory")
    note("acked")
    try:
        channel.basic_publish(
            "empty",
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


def returned(connect, note):
    """Without confirms a callback hears of it, in the order of publishing."""
    connection = connect()
    channel = connection.channel()
    channel.queue_declare("routable", durable=True)

    def came_back(_, method, properties, body):
        note("returned", code=method.reply_code, text=method.reply_text, body=body.decode(),
             routing_key=method.routing_key)  # fmt: skip

    channel.add_on_return_callback(came_back)
    for number, key in enumerate(("nowhere", "routable", "elsewhere")):
        channel.basic_publish("", key, str(number), mandatory=True)
    for _ in range(20):
        connection.process_data_events(0.05)
    note("received", bodies=bodies(channel, "routable"))


SCENARIOS = {
    "topic patterns match words": [(topics, "closed")],
    "header bindings match all, any, and with x-": [(headers, "closed")],
    "exchanges pass on, and what they cannot goes to the alternate one": [
        (through_exchanges, "closed")
    ],
    "a queue gets one copy however often it is bound": [(bound_twice, "closed")],
    "a mandatory message comes back, and is confirmed": [(unroutable, "closed")],
    "without confirms what comes back is told to a callback": [(returned, "closed")],
}
