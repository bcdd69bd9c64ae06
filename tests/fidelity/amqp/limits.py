"""Queues that are full, that end, and whose messages have priorities."""

import time

import pika

from tests.fidelity.scenario import scenario


def get(channel, queue):
    """The next message of a queue, which may be on its way for some time."""
    for _ in range(200):
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            return method, properties, body.decode()
        time.sleep(0.05)
    raise AssertionError(f"nothing came to {queue}")


def count(channel, queue):
    """How many messages are ready in a queue."""
    return channel.queue_declare(queue, passive=True).method.message_count


def queue(channel, name, kind="classic", **arguments):
    """A durable queue; ``max_length=2`` is x-max-length."""
    table = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": kind} | table)


def confirmed(channel, queue, body, properties=None):
    """What the broker says of a message."""
    try:
        channel.basic_publish("", queue, body, properties)
    except pika.exceptions.NackError:
        return "nack"
    return "ack"


@scenario("amqp", "a full queue drops from its head")
def from_the_head(connection, name, note):
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        queue(channel, name(f"head-{kind}"), kind, max_length=2, dead_letter_exchange="",
              dead_letter_routing_key=name(f"head-box-{kind}"))  # fmt: skip
        queue(channel, name(f"head-box-{kind}"))
        channel.confirm_delivery()
        for number in range(1, 5):
            note("sent", body=number, said=confirmed(channel, name(f"head-{kind}"), str(number)))
        for each in (name(f"head-box-{kind}"), name(f"head-{kind}")):
            for _ in range(2):
                _, properties, body = get(channel, name)
                death = (properties.headers or {}).get("x-first-death-reason")
                note("received", queue=name, body=body, reason=death)


@scenario("amqp", "only what is ready counts against a length")
def held_do_not_count(channel, name, note):
    """The length is that of what is ready."""
    queue(channel, name("held"), max_length=1)
    channel.confirm_delivery()
    channel.basic_publish("", name("held"), "1")
    method, _, _ = channel.basic_get("held")
    channel.basic_publish("", name("held"), "2")
    note("left", count=count(channel, "held"))
    channel.basic_nack(method.delivery_tag, requeue=True)
    time.sleep(0.2)
    note("left", count=count(channel, "held"))
    _, _, body = get(channel, "held")
    note("received", body=body)


@scenario("amqp", "a queue may be bounded by bytes")
def by_bytes(channel, name, note):
    queue(channel, name("bytes"), max_length_bytes=10)
    channel.confirm_delivery()
    for body in ("12345", "6789", "0", "abc"):
        channel.basic_publish("", name("bytes"), body)
        note("left", after=body, count=count(channel, "bytes"))
    for _ in range(3):
        _, _, body = get(channel, "bytes")
        note("received", body=body)


@scenario("amqp", "a full classic queue refuses, and its publisher hears of it")
def refused(channel, name, note):
    """A classic queue refuses what would be too much."""
    queue(channel, name("full"), max_length=2, overflow="reject-publish", dead_letter_exchange="",
          dead_letter_routing_key=name("full-box"))  # fmt: skip
    queue(channel, name("full-dlx"), max_length=1, overflow="reject-publish-dlx",
          dead_letter_exchange="", dead_letter_routing_key=name("full-box"))  # fmt: skip
    queue(channel, "full-box")
    channel.confirm_delivery()
    for each in (name("full"), "full-dlx"):
        for number in range(1, 4):
            note("sent", queue=name, body=number, said=confirmed(channel, name, f"{name} {number}"))
    for _ in range(2):
        _, properties, body = get(channel, "full-box")
        death = dict(properties.headers["x-death"][0])
        death["time"] = "a time"
        note("dead", body=body, death=death)
    note("left", count=count(channel, "full-box"))
    get(channel, "full")
    note("sent", queue="full", body=4, said=confirmed(channel, name("full"), "4"))


@scenario("amqp", "a message that one of its queues refuses is nacked, and in the others")
def refused_in_part(channel, name, note):
    """One of two queues is full: the message is in the other one, and nacked."""
    channel.exchange_declare(name("both"), "fanout", durable=True)
    queue(channel, "roomy")
    queue(channel, name("tight"), max_length=1, overflow="reject-publish")
    for each in (name("roomy"), "tight"):
        channel.queue_bind(name, "both")
    channel.confirm_delivery()
    for number in (1, 2):
        try:
            channel.basic_publish(name("both"), "", str(number))
            note("ack")
        except pika.exceptions.NackError:
            note("nack")
    note("left", roomy=count(channel, "roomy"), tight=count(channel, "tight"))


@scenario("amqp", "a full quorum queue refuses from the next message on")
def refused_by_quorum(channel, name, note):
    """A quorum queue takes what makes it too full, then nothing until it has room."""
    queue(channel, name("quorum-full"), "quorum", max_length=5, overflow="reject-publish")
    channel.confirm_delivery()
    said = []
    for number in range(1, 10):
        said.append(confirmed(channel, name("quorum-full"), str(number)))
        time.sleep(0.1)
    note("said", answers=said, left=count(channel, "quorum-full"))
    for _ in range(4):
        get(channel, "quorum-full")
    time.sleep(0.2)
    note("later", said=confirmed(channel, name("quorum-full"), "later"))


@scenario("amqp", "a classic queue with priorities hands out the highest first")
def priorities(channel, name, note):
    queue(channel, name("ranked"), max_priority=5)
    channel.confirm_delivery()
    for number, rank in enumerate((None, 1, 5, 3, 5, 9, 0)):
        channel.basic_publish("", name("ranked"), str(number), pika.BasicProperties(priority=rank))
    for _ in range(7):
        _, properties, body = get(channel, "ranked")
        note("received", body=body, priority=properties.priority)


@scenario("amqp", "what comes back keeps its priority")
def returned_priority(channel, name, note):
    """What comes back to a classic queue has its priority still."""
    queue(channel, name("ranked-again"), max_priority=5)
    channel.confirm_delivery()
    for body, rank in (("low 1", 0), ("high", 5), ("low 2", 0)):
        channel.basic_publish("", name("ranked-again"), body, pika.BasicProperties(priority=rank))
    tags = []
    for _ in range(2):
        method, _, body = channel.basic_get("ranked-again")
        tags.append(method.delivery_tag)
    channel.basic_publish("", name("ranked-again"), "middle", pika.BasicProperties(priority=3))
    for tag in reversed(tags):
        channel.basic_reject(tag, requeue=True)
    for _ in range(4):
        method, _, body = get(channel, "ranked-again")
        note("received", body=body, redelivered=method.redelivered)


@scenario("amqp", "a queue that nobody uses expires")
def unused(connection, name, note):
    channel = connection.channel()
    queue(channel, name("short-lived"), expires=400)
    queue(channel, name("in-use"), expires=400)
    consumer = connection.channel()
    consumer.basic_consume(name("in-use"), print)
    for _ in range(3):
        time.sleep(0.2)
        channel.basic_get("short-lived")
    note("used", there=count(channel, "short-lived"))
    time.sleep(1)
    note("consumed", there=count(channel, "in-use"))
    try:
        count(channel, "short-lived")
    except pika.exceptions.ChannelClosedByBroker as error:
        note("refused", code=error.reply_code, text=error.reply_text)


@scenario("amqp", "what is auto-deleted goes with its last use")
def ended(connection, name, note):
    """Auto-delete: with the last consumer, the last binding; never before the first."""
    channel = connection.channel()
    channel.queue_declare(name("passing"), durable=True, auto_delete=True)
    channel.exchange_declare(name("passing-exchange"), "fanout", durable=True, auto_delete=True)
    note("made", there=count(channel, "passing"))
    tags = [channel.basic_consume(name("passing"), print) for _ in range(2)]
    channel.queue_bind(name("passing"), "passing-exchange")
    channel.basic_cancel(tags[0])
    note("one left", there=count(channel, "passing"))
    channel.basic_cancel(tags[1])
    for call in (
        lambda channel: channel.queue_declare(name("passing"), passive=True),
        lambda channel: channel.exchange_declare(name("passing-exchange"), passive=True),
    ):
        try:
            call(connection.channel())
        except pika.exceptions.ChannelClosedByBroker as error:
            note("refused", code=error.reply_code, text=error.reply_text)
