"""Queues that are full, that end, and whose messages have priorities."""

import time

import pika


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


def from_the_head(connect, note):
    for kind in ("classic", "quorum"):
        channel = connect().channel()
        queue(channel, f"head-{kind}", kind, max_length=2, dead_letter_exchange="",
              dead_letter_routing_key=f"head-box-{kind}")  # fmt: skip
        queue(channel, f"head-box-{kind}")
        channel.confirm_delivery()
        for number in range(1, 5):
            note("sent", body=number, said=confirmed(channel, f"head-{kind}", str(number)))
        for name in (f"head-box-{kind}", f"head-{kind}"):
            for _ in range(2):
                _, properties, body = get(channel, name)
                death = (properties.headers or {}).get("x-first-death-reason")
                note("received", queue=name, body=body, reason=death)


def held_do_not_count(connect, note):
    """The length is that of what is ready."""
    channel = connect().channel()
    queue(channel, "held", max_length=1)
    channel.confirm_delivery()
    channel.basic_publish("", "held", "1")
    method, _, _ = channel.basic_get("held")
    channel.basic_publish("", "held", "2")
    note("left", count=count(channel, "held"))
    channel.basic_nack(method.delivery_tag, requeue=True)
    time.sleep(0.2)
    note("left", count=count(channel, "held"))
    _, _, body = get(channel, "held")
    note("received", body=body)


def by_bytes(connect, note):
    channel = connect().channel()
    queue(channel, "bytes", max_length_bytes=10)
    channel.confirm_delivery()
    for body in ("12345", "6789", "0", "abc"):
        channel.basic_publish("", "bytes", body)
        note("left", after=body, count=count(channel, "bytes"))
    for _ in range(3):
        _, _, body = get(channel, "bytes")
        note("received", body=body)


def refused(connect, note):
    """A classic queue refuses what would be too much."""
    channel = connect().channel()
    queue(channel, "full", max_length=2, overflow="reject-publish", dead_letter_exchange="",
          dead_letter_routing_key="full-box")  # fmt: skip
    queue(channel, "full-dlx", max_length=1, overflow="reject-publish-dlx",
          dead_letter_exchange="", dead_letter_routing_key="full-box")  # fmt: skip
    queue(channel, "full-box")
    channel.confirm_delivery()
    for name in ("full", "full-dlx"):
        for number in range(1, 4):
            note("sent", queue=name, body=number, said=confirmed(channel, name, f"{name} {number}"))
    for _ in range(2):
        _, properties, body = get(channel, "full-box")
        death = dict(properties.headers["x-death"][0])
        death["time"] = "a time"
        note("dead", body=body, death=death)
    note("left", count=count(channel, "full-box"))
    get(channel, "full")
    note("sent", queue="full", body=4, said=confirmed(channel, "full", "4"))


def refused_in_part(connect, note):
    """One of two queues is full: the message is in the other one, and nacked."""
    channel = connect().channel()
    channel.exchange_declare("both", "fanout", durable=True)
    queue(channel, "roomy")
    queue(channel, "tight", max_length=1, overflow="reject-publish")
    for name in ("roomy", "tight"):
        channel.queue_bind(name, "both")
    channel.confirm_delivery()
    for number in (1, 2):
        try:
            channel.basic_publish("both", "", str(number))
            note("ack")
        except pika.exceptions.NackError:
            note("nack")
    note("left", roomy=count(channel, "roomy"), tight=count(channel, "tight"))


def refused_by_quorum(connect, note):
    """A quorum queue takes what makes it too full, then nothing until it has room."""
    channel = connect().channel()
    queue(channel, "quorum-full", "quorum", max_length=5, overflow="reject-publish")
    channel.confirm_delivery()
    said = []
    for number in range(1, 10):
        said.append(confirmed(channel, "quorum-full", str(number)))
        time.sleep(0.1)
    note("said", answers=said, left=count(channel, "quorum-full"))
    for _ in range(4):
        get(channel, "quorum-full")
    time.sleep(0.2)
    note("later", said=confirmed(channel, "quorum-full", "later"))


def priorities(connect, note):
    channel = connect().channel()
    queue(channel, "ranked", max_priority=5)
    channel.confirm_delivery()
    for number, rank in enumerate((None, 1, 5, 3, 5, 9, 0)):
        channel.basic_publish("", "ranked", str(number), pika.BasicProperties(priority=rank))
    for _ in range(7):
        _, properties, body = get(channel, "ranked")
        note("received", body=body, priority=properties.priority)


def returned_priority(connect, note):
    """What comes back to a classic queue has its priority still."""
    channel = connect().channel()
    queue(channel, "ranked-again", max_priority=5)
    channel.confirm_delivery()
    for body, rank in (("low 1", 0), ("high", 5), ("low 2", 0)):
        channel.basic_publish("", "ranked-again", body, pika.BasicProperties(priority=rank))
    tags = []
    for _ in range(2):
        method, _, body = channel.basic_get("ranked-again")
        tags.append(method.delivery_tag)
    channel.basic_publish("", "ranked-again", "middle", pika.BasicProperties(priority=3))
    for tag in reversed(tags):
        channel.basic_reject(tag, requeue=True)
    for _ in range(4):
        method, _, body = get(channel, "ranked-again")
        note("received", body=body, redelivered=method.redelivered)


def unused(connect, note):
    connection = connect()
    channel = connection.channel()
    queue(channel, "short-lived", expires=400)
    queue(channel, "in-use", expires=400)
    consumer = connection.channel()
    consumer.basic_consume("in-use", print)
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


def ended(connect, note):
    """Auto-delete: with the last consumer, the last binding; never before the first."""
    connection = connect()
    channel = connection.channel()
    channel.queue_declare("passing", durable=True, auto_delete=True)
    channel.exchange_declare("passing-exchange", "fanout", durable=True, auto_delete=True)
    note("made", there=count(channel, "passing"))
    tags = [channel.basic_consume("passing", print) for _ in range(2)]
    channel.queue_bind("passing", "passing-exchange")
    channel.basic_cancel(tags[0])
    note("one left", there=count(channel, "passing"))
    channel.basic_cancel(tags[1])
    for call in (
        lambda channel: channel.queue_declare("passing", passive=True),
        lambda channel: channel.exchange_declare("passing-exchange", passive=True),
    ):
        try:
            call(connection.channel())
        except pika.exceptions.ChannelClosedByBroker as error:
            note("refused", code=error.reply_code, text=error.reply_text)


SCENARIOS = {
    "a full queue drops from its head": [(from_the_head, "closed")],
    "only what is ready counts against a length": [(held_do_not_count, "closed")],
    "a queue may be bounded by bytes": [(by_bytes, "closed")],
    "a full classic queue refuses, and its publisher hears of it": [(refused, "closed")],
    "a message that one of its queues refuses is nacked, and in the others": [
        (refused_in_part, "closed")
    ],
    "a full quorum queue refuses from the next message on": [(refused_by_quorum, "closed")],
    "a classic queue with priorities hands out the highest first": [(priorities, "closed")],
    "what comes back keeps its priority": [(returned_priority, "closed")],
    "a queue that nobody uses expires": [(unused, "closed")],
    "what is auto-deleted goes with its last use": [(ended, "closed")],
}
