"""Queues that are full, that end, and whose messages have priorities."""

import pika

from tests.fidelity.amqp_steps import count, get, headers, queue, refusal, settled
from tests.fidelity.scenario import scenario


def confirmed(channel, orders, body):
    """What the broker says of a message."""
    try:
        channel.basic_publish("", orders, body)
    except pika.exceptions.NackError:
        return "nack"
    return "ack"


def ignore(*_):
    """A consumer that does nothing."""


@scenario("amqp", "a full queue drops from its head, into the dead letters")
def drops_from_the_head(connection, name, note):
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        box = queue(channel, name(f"box-{kind}"))
        orders = queue(channel, name(f"orders-{kind}"), kind, max_length=2,
                       dead_letter_exchange="", dead_letter_routing_key=box)  # fmt: skip
        channel.confirm_delivery()
        for number in range(1, 5):
            note("sent", body=number, said=confirmed(channel, orders, str(number)))
        for each in (box, orders):
            for _ in range(2):
                _, properties, body = get(channel, each, auto_ack=True)
                note("received", queue=each, body=body, headers=headers(properties))


@scenario("amqp", "only what is ready counts against a queue's length")
def holds_one_besides(channel, name, note):
    orders = queue(channel, name("orders"), max_length=1)
    channel.confirm_delivery()
    channel.basic_publish("", orders, "1")
    method, _, _ = get(channel, orders)
    channel.basic_publish("", orders, "2")
    note("left", count=count(channel, orders))
    channel.basic_nack(method.delivery_tag, requeue=True)
    channel.connection.sleep(0.3)
    note("left", count=count(channel, orders))
    note("received", body=get(channel, orders)[2])


@scenario("amqp", "a queue may be bounded by bytes")
def is_bounded_by_bytes(channel, name, note):
    orders = queue(channel, name("orders"), max_length_bytes=10)
    channel.confirm_delivery()
    for body in ("12345", "6789", "0", "abc"):
        channel.basic_publish("", orders, body)
        note("left", after=body, count=count(channel, orders))
    note("received", bodies=[get(channel, orders)[2] for _ in range(3)])


@scenario("amqp", "a full classic queue refuses, and its publisher hears of it")
def refuses(channel, name, note):
    box = queue(channel, name("box"))
    to_box = {"dead_letter_exchange": "", "dead_letter_routing_key": box}
    full = queue(channel, name("full"), max_length=2, overflow="reject-publish", **to_box)
    passing_on = queue(channel, name("passing-on"), max_length=1, overflow="reject-publish-dlx",
                       **to_box)  # fmt: skip
    channel.confirm_delivery()
    for each in (full, passing_on):
        for number in range(1, 4):
            said = confirmed(channel, each, f"{each} {number}")
            note("sent", queue=each, body=number, said=said)
    for _ in range(2):
        _, properties, body = get(channel, box)
        note("dead", body=body, headers=headers(properties))
    note("dead", count=count(channel, box))
    get(channel, full)
    note("sent", body=4, said=confirmed(channel, full, "4"))


@scenario("amqp", "a message that one of its queues refuses is nacked, and in the others")
def refuses_in_part(channel, name, note):
    both = name("both")
    channel.exchange_declare(both, "fanout", durable=True)
    roomy = queue(channel, name("roomy"))
    tight = queue(channel, name("tight"), max_length=1, overflow="reject-publish")
    for each in (roomy, tight):
        channel.queue_bind(each, both)
    channel.confirm_delivery()
    for number in range(2):
        said = refusal(lambda number=number: channel.basic_publish(both, "", str(number)))
        note("sent", body=number, error=said["error"])
    note("left", roomy=settled(channel, roomy, 2), tight=count(channel, tight))


@scenario("amqp", "a quorum queue takes what makes it too full, then nothing until it has room")
def refuses_late(channel, name, note):
    orders = queue(channel, name("orders"), "quorum", max_length=5, overflow="reject-publish")
    channel.confirm_delivery()
    said = []
    for number in range(9):
        said.append(confirmed(channel, orders, str(number)))
        channel.connection.sleep(0.1)
    note("sent", said=said, left=count(channel, orders))
    for left in (5, 4, 3):
        get(channel, orders, auto_ack=True)
        channel.connection.sleep(0.3)
        note("sent", left=left, said=confirmed(channel, orders, f"again at {left}"))


@scenario("amqp", "a classic queue hands out the highest priority first")
def has_priorities(channel, name, note):
    orders = queue(channel, name("orders"), max_priority=5)
    channel.confirm_delivery()
    for number, rank in enumerate((None, 1, 5, 3, 5, 9, 0)):
        channel.basic_publish("", orders, str(number), pika.BasicProperties(priority=rank))
    for _ in range(7):
        _, properties, body = get(channel, orders)
        note("received", body=body, priority=properties.priority)


@scenario(
    "amqp",
    "a quorum queue knows two priorities, and hands out two of the higher for one of the lower",
    differs="Quorum queues are those of RabbitMQ 4.3.",
)
def has_two_priorities(channel, name, note):
    orders = queue(channel, name("orders"), "quorum")
    channel.confirm_delivery()
    for rank in (None, 1, 4, 5, 9, 200, 0, 7):
        channel.basic_publish("", orders, str(rank), pika.BasicProperties(priority=rank))
    note("received", ranks=[get(channel, orders)[2] for _ in range(8)])


@scenario("amqp", "what comes back to a classic queue has its priority still")
def comes_back_with_its_priority(channel, name, note):
    orders = queue(channel, name("orders"), max_priority=5)
    channel.confirm_delivery()
    for body, rank in (("low 1", 0), ("high", 5), ("low 2", 0)):
        channel.basic_publish("", orders, body, pika.BasicProperties(priority=rank))
    tags = [get(channel, orders)[0].delivery_tag for _ in range(2)]
    channel.basic_publish("", orders, "middle", pika.BasicProperties(priority=3))
    for tag in reversed(tags):
        channel.basic_reject(tag, requeue=True)
    for _ in range(4):
        method, _, body = get(channel, orders)
        note("received", body=body, redelivered=method.redelivered)


@scenario("amqp", "a queue that nobody uses expires")
def is_not_used(connection, name, note):
    channel = connection.channel()
    idle = queue(channel, name("idle"), expires=1200)
    consumed = queue(channel, name("consumed"), expires=1200)
    channel.basic_consume(consumed, ignore)
    for _ in range(3):
        connection.sleep(0.5)
        channel.basic_get(idle)
    note("used", left=count(channel, idle))
    connection.sleep(3)
    note("consumed", left=count(channel, consumed))
    note("refused", **refusal(lambda: count(channel, idle)))


@scenario("amqp", "what is auto-deleted goes with its last use")
def is_auto_deleted(connection, name, note):
    channel = connection.channel()
    passing, exchange = name("passing"), name("passing-exchange")
    channel.queue_declare(passing, durable=True, auto_delete=True)
    channel.exchange_declare(exchange, "fanout", durable=True, auto_delete=True)
    note("before it is used", left=count(channel, passing))
    tags = [channel.basic_consume(passing, ignore) for _ in range(2)]
    channel.queue_bind(passing, exchange)
    channel.basic_cancel(tags[0])
    note("one is left", left=count(channel, passing))
    channel.basic_cancel(tags[1])
    connection.sleep(0.3)
    note("refused", **refusal(lambda: count(connection.channel(), passing)))
    look = connection.channel()
    note("refused", **refusal(lambda: look.exchange_declare(exchange, passive=True)))
