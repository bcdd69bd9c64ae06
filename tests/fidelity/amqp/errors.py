"""What a client's mistakes are called: the code, the text, and what is closed."""

import pika

from tests.fidelity.amqp_steps import get, queue, refusal
from tests.fidelity.scenario import scenario


def told(connection, note, mistakes):
    """Make each mistake on a channel of its own. Those that have no answer are heard of at the
    next call."""
    for what, mistake in mistakes.items():
        channel = connection.channel()

        def make(channel=channel, mistake=mistake):
            mistake(channel)
            channel.queue_declare("amq.rabbitmq.reply-to", passive=True)

        note("told", doing=what, **refusal(make), open=channel.is_open,
             connection=connection.is_open)  # fmt: skip


@scenario("amqp", "a queue is declared again as it was or not at all")
def declares_again(connection, name, note):
    channel = connection.channel()
    orders = name("orders")
    arguments = {"x-message-ttl": 1000, "x-dead-letter-exchange": "amq.fanout"}
    channel.queue_declare(orders, durable=True, arguments=arguments)
    quorum = queue(channel, name("quorum"), "quorum")
    changed = {**arguments, "x-message-ttl": 2000}
    more = {**arguments, "x-max-length": 5}

    def again(orders=orders, durable=True, **options):
        return lambda channel: channel.queue_declare(orders, durable=durable, **options)

    told(
        connection,
        note,
        {
            "as it was": again(arguments=arguments),
            "with its type": again(arguments={**arguments, "x-queue-type": "classic"}),
            "with what means nothing": again(arguments={**arguments, "x-mine": 1}),
            "not durable": again(durable=False, arguments=arguments),
            "auto-delete": again(auto_delete=True, arguments=arguments),
            "exclusive": again(exclusive=True, arguments=arguments),
            "without arguments": again(),
            "another time to live": again(arguments=changed),
            "its time to live as text": again(arguments={**arguments, "x-message-ttl": "1000"}),
            "one more": again(arguments=more),
            "another type": again(arguments={**arguments, "x-queue-type": "quorum"}),
            "a quorum queue without its type": again(quorum),
            "a quorum queue with its own limit": again(
                quorum, arguments={"x-queue-type": "quorum", "x-delivery-limit": 20}
            ),
        },
    )


@scenario("amqp", "arguments of queues are checked")
def declares_wrongly(connection, name, note):
    wrong = {
        "a time to live as text": {"x-message-ttl": "1000"},
        "a negative one": {"x-message-ttl": -1},
        "a queue's of none": {"x-expires": 0},
        "a negative length": {"x-max-length": -1},
        "an overflow of its own": {"x-overflow": "drop-tail"},
        "a type of its own": {"x-queue-type": "fast"},
        "a key without an exchange": {"x-dead-letter-routing-key": "key"},
        "an exchange that is a number": {"x-dead-letter-exchange": 7},
        "too many priorities": {"x-max-priority": 256},
        "priorities of a quorum queue": {"x-queue-type": "quorum", "x-max-priority": 5},
        "a limit of a classic queue": {"x-delivery-limit": 5},
        "a single active consumer as text": {"x-single-active-consumer": "true"},
        "a strategy of its own": {
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "sometimes",
        },
    }
    told(
        connection,
        note,
        {
            what: lambda channel, what=what, arguments=arguments: channel.queue_declare(
                name(what), durable=True, arguments=arguments
            )
            for what, arguments in wrong.items()
        },
    )
    quorum = {"x-queue-type": "quorum"}
    told(
        connection,
        note,
        {
            "an exclusive quorum queue": lambda channel: channel.queue_declare(
                name("exclusive"), durable=True, exclusive=True, arguments=quorum
            ),
            "an auto-delete quorum queue": lambda channel: channel.queue_declare(
                name("auto-delete"), durable=True, auto_delete=True, arguments=quorum
            ),
            "a reserved name": lambda channel: channel.queue_declare("amq.mine", durable=True),
        },
    )


@scenario("amqp", "what is not there is not found, but deleting it is no mistake")
def finds_nothing(connection, name, note):
    orders = queue(connection.channel(), name("orders"))
    none = name("none")
    told(
        connection,
        note,
        {
            "look for a queue": lambda channel: channel.queue_declare(none, passive=True),
            "look for an exchange": lambda channel: channel.exchange_declare(none, passive=True),
            "get": lambda channel: channel.basic_get(none),
            "consume": lambda channel: channel.basic_consume(none, print),
            "purge": lambda channel: channel.queue_purge(none),
            "bind a queue": lambda channel: channel.queue_bind(none, "amq.direct", "key"),
            "bind to an exchange": lambda channel: channel.queue_bind(orders, none, "key"),
            "bind exchanges": lambda channel: channel.exchange_bind(none, "amq.direct", "key"),
            "publish": lambda channel: channel.basic_publish(none, "key", b""),
            "delete a queue": lambda channel: channel.queue_delete(none),
            "delete an exchange": lambda channel: channel.exchange_delete(none),
            "unbind a queue": lambda channel: channel.queue_unbind(none, "amq.direct", "key"),
            "unbind from an exchange": lambda channel: channel.queue_unbind(orders, none, "key"),
        },
    )


@scenario("amqp", "a delivery tag can be settled once, on its own channel")
def settles_wrongly(connection, name, note):
    orders = queue(connection.channel(), name("orders"))

    def twice(channel):
        tag = get(channel, orders)[0].delivery_tag
        channel.basic_ack(tag)
        channel.basic_ack(tag)

    def with_auto_ack(channel):
        channel.basic_ack(get(channel, orders, auto_ack=True)[0].delivery_tag)

    filling = connection.channel()
    filling.confirm_delivery()
    for _ in (twice, with_auto_ack):
        filling.basic_publish("", orders, "order")
    told(
        connection,
        note,
        {
            "a tag that never was": lambda channel: channel.basic_ack(7),
            "to nack it": lambda channel: channel.basic_nack(7),
            "to reject it": lambda channel: channel.basic_reject(7),
            "several up to it": lambda channel: channel.basic_ack(7, multiple=True),
            "all of none": lambda channel: channel.basic_ack(0, multiple=True),
            "twice": twice,
            "what was acked as it was sent": with_auto_ack,
        },
    )


@scenario("amqp", "exchanges are declared, used and deleted as they may be")
def uses_exchanges_wrongly(connection, name, note):
    channel = connection.channel()
    shop, inner = name("shop"), name("inner")
    channel.exchange_declare(shop, "direct", durable=True)
    channel.exchange_declare(inner, "fanout", durable=True, internal=True)
    channel.exchange_declare(name("headers"), "headers", durable=True)
    orders = queue(channel, name("orders"))
    channel.queue_bind(orders, shop, "key")

    def declared(exchange, kind, **options):
        return lambda channel: channel.exchange_declare(exchange, kind, **options)

    told(
        connection,
        note,
        {
            "as it was": declared(shop, "direct", durable=True),
            "another type": declared(shop, "fanout", durable=True),
            "not durable": declared(shop, "direct"),
            "auto-delete": declared(shop, "direct", durable=True, auto_delete=True),
            "internal": declared(shop, "direct", durable=True, internal=True),
            "an alternate one": declared(
                shop, "direct", durable=True, arguments={"alternate-exchange": inner}
            ),
            "a type of its own": declared(name("round"), "round-robin"),
            "a reserved name": declared("amq.mine", "direct"),
            "the default one": declared("", "direct"),
            "delete a reserved one": lambda channel: channel.exchange_delete("amq.direct"),
            "delete one in use": lambda channel: channel.exchange_delete(shop, if_unused=True),
            "bind to the default one": lambda channel: channel.queue_bind(orders, "", "key"),
            "publish to an internal one": lambda channel: channel.basic_publish(inner, "", b""),
            "a match of its own": lambda channel: channel.queue_bind(
                orders, name("headers"), "", {"x-match": "most"}
            ),
            "a bad expiration": lambda channel: channel.basic_publish(
                "", orders, b"", pika.BasicProperties(expiration="soon")
            ),
            "a negative one": lambda channel: channel.basic_publish(
                "", orders, b"", pika.BasicProperties(expiration="-1")
            ),
        },
    )


@scenario("amqp", "a queue that is in use or not empty can be spared")
def deletes_carefully(connection, name, note):
    channel = connection.channel()
    orders = queue(channel, name("orders"))
    tag = channel.basic_consume(orders, print)
    told(
        connection,
        note,
        {"in use": lambda channel: channel.queue_delete(orders, if_unused=True)},
    )
    channel.basic_cancel(tag)
    channel.confirm_delivery()
    channel.basic_publish("", orders, "order")
    told(
        connection,
        note,
        {"not empty": lambda channel: channel.queue_delete(orders, if_empty=True)},
    )
    deleted = channel.queue_delete(orders, if_unused=True)
    note("deleted", count=deleted.method.message_count)
