"""Where messages go that a queue gives up, and what their headers say."""

import time

from tests.fidelity.scenario import scenario


def get(channel, queue):
    """The next message of a queue, which may be on its way for some time."""
    for _ in range(200):
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            return method, properties, body.decode()
        time.sleep(0.05)
    raise AssertionError(f"nothing came to {queue}")


def held(channel, queue):
    """The same, to be settled."""
    for _ in range(200):
        method, properties, body = channel.basic_get(queue)
        if method is not None:
            return method, properties, body.decode()
        time.sleep(0.05)
    raise AssertionError(f"nothing came to {queue}")


def deaths(headers):
    """A message's history, the times of its deaths as what they are: there or not."""
    found = dict(headers)
    found["x-death"] = [
        {name: value if name != "time" else "a time" for name, value in death.items()}
        for death in found.get("x-death", [])
    ]
    found.pop("x-acquired-count", None)  # since 4.3
    return found


def queue(channel, name, kind="classic", **arguments):
    """A durable queue; ``dead_letter_exchange="x"`` is x-dead-letter-exchange."""
    table = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": kind} | table)


@scenario("amqp", "a delivery limit sends a poison message to the dead-letter exchange")
def limited(channel, name, note):
    channel.exchange_declare(name("graves"), "fanout", durable=True)
    queue(channel, name("limited"), "quorum", delivery_limit=2, dead_letter_exchange=name("graves"))
    queue(channel, name("limited-dead"), "classic")
    channel.queue_bind(name("limited-dead"), "graves")
    channel.confirm_delivery()
    channel.basic_publish("", name("limited"), "poison")
    for _ in range(3):
        method, properties, _ = held(channel, "limited")
        count = (properties.headers or {}).get("x-delivery-count", 0)
        note("received", redelivered=method.redelivered, failures=count)
        channel.basic_reject(method.delivery_tag, requeue=True)
    method, properties, body = get(channel, "limited-dead")
    note("dead", body=body, exchange=method.exchange, routing_key=method.routing_key,
         redelivered=method.redelivered, headers=deaths(properties.headers))  # fmt: skip
    note("left", count=channel.queue_declare(name("limited"), passive=True).method.message_count)


@scenario("amqp", "each quorum queue on a message's way counts for itself")
def limited_into_quorum(channel, name, note):
    """The second queue counts by itself?"""
    queue(channel, name("first"), "quorum", delivery_limit=1, dead_letter_exchange="",
          dead_letter_routing_key=name("second"))  # fmt: skip
    queue(channel, name("second"), "quorum", delivery_limit=2, dead_letter_exchange="",
          dead_letter_routing_key=name("third"))  # fmt: skip
    queue(channel, name("third"), "quorum")
    channel.confirm_delivery()
    channel.basic_publish("", name("first"), "poison")
    for each, times in ((name("first"), 2), (name("second"), 3)):
        for _ in range(times):
            method, properties, _ = held(channel, name)
            note("received", queue=name, redelivered=method.redelivered,
                 headers=deaths(properties.headers or {}))  # fmt: skip
            channel.basic_reject(method.delivery_tag, requeue=True)
    method, properties, _ = held(channel, "third")
    note("received", queue="third", redelivered=method.redelivered,
         headers=deaths(properties.headers))  # fmt: skip


@scenario("amqp", "the headers of a dead letter say why, whence and how often")
def given_up(channel, name, note):
    """Rejected, nacked, expired, too many: four reasons, one letter box."""
    queue(channel, "box")
    queue(channel, name("work"), dead_letter_exchange="", dead_letter_routing_key=name("box"), max_length=2)
    channel.confirm_delivery()
    import pika

    tagged = pika.BasicProperties(headers={"order": 7}, content_type="text/plain", message_id="m")
    for body in ("too many", "rejected", "nacked"):
        channel.basic_publish("", name("work"), body, tagged)
    method, _, body = held(channel, "work")
    channel.basic_reject(method.delivery_tag, requeue=False)
    method, _, body = held(channel, "work")
    channel.basic_nack(method.delivery_tag, requeue=False)
    properties = pika.BasicProperties(expiration="50", headers={"order": 8})
    channel.basic_publish("", name("work"), "expired", properties)
    for _ in range(4):
        method, properties, body = get(channel, "box")
        note("dead", body=body, exchange=method.exchange, routing_key=method.routing_key,
             expiration=properties.expiration, content_type=properties.content_type,
             message_id=properties.message_id, headers=deaths(properties.headers))  # fmt: skip


@scenario("amqp", "a retry loop counts its rounds in x-death")
def retried(channel, name, note):
    """Two rounds through a waiting queue: rejected, expired, rejected, expired."""
    for each in (name("retry"), "wait"):
        channel.exchange_declare(f"to-{name}", "direct", durable=True)
    queue(channel, name("retry"), dead_letter_exchange=name("to-wait"))
    queue(channel, name("wait"), dead_letter_exchange=name("to-retry"), message_ttl=100)
    channel.queue_bind(name("retry"), name("to-retry"), "order")
    channel.queue_bind(name("wait"), name("to-wait"), "order")
    channel.confirm_delivery()
    channel.basic_publish(name("to-retry"), "order", "again")
    for _ in range(3):
        method, properties, body = held(channel, "retry")
        note("received", redelivered=method.redelivered, exchange=method.exchange,
             headers=deaths(properties.headers or {}))  # fmt: skip
        channel.basic_reject(method.delivery_tag, requeue=False)


@scenario("amqp", "a circle of dead letters ends unless a client rejected")
def circle(channel, name, note):
    """Without a rejection a message does not come to the same queue twice."""
    queue(channel, name("round"), dead_letter_exchange="", message_ttl=100)
    queue(channel, name("there"), dead_letter_exchange="", dead_letter_routing_key=name("back"),
          message_ttl=100)  # fmt: skip
    queue(channel, name("back"), dead_letter_exchange="", dead_letter_routing_key=name("there"),
          message_ttl=100)  # fmt: skip
    channel.confirm_delivery()
    channel.basic_publish("", name("round"), "to itself")
    channel.basic_publish("", name("there"), "there and back")
    time.sleep(1)
    for each in (name("round"), name("there"), "back"):
        note("left", queue=name, count=channel.queue_declare(name, passive=True).method.message_count)
    queue(channel, name("again"), dead_letter_exchange="")
    channel.basic_publish("", name("again"), "rejected")
    for _ in range(2):
        method, properties, body = held(channel, "again")
        note("received", body=body, headers=deaths(properties.headers or {}))
        channel.basic_reject(method.delivery_tag, requeue=False)
    method, properties, body = held(channel, "again")
    note("received", body=body, headers=deaths(properties.headers))


@scenario("amqp", "a short time to live waits behind a long one")
def expiring(connection, name, note):
    """A short time to live waits behind a long one; both leave in order."""
    import pika

    for kind in ("classic", "quorum"):
        channel = connection.channel()
        source, box = name(f"expiring-{kind}"), name(f"expired-{kind}")
        queue(channel, box)
        queue(channel, source, kind, dead_letter_exchange="", dead_letter_routing_key=box)
        channel.confirm_delivery()
        for body, span in (("long", "1000"), ("short", "100"), ("for ever", None)):
            channel.basic_publish("", source, body, pika.BasicProperties(expiration=span))
        time.sleep(0.4)
        box_count = channel.queue_declare(box, passive=True).method.message_count
        note("dead after 0.4 s", type=kind, count=box_count)
        for _ in range(2):
            _, properties, body = get(channel, box)
            note("dead", body=body, expiration=properties.expiration,
                 original=properties.headers["x-death"][0]["original-expiration"])  # fmt: skip
        _, _, body = get(channel, source)
        note("left", body=body)


@scenario("amqp", "of two times to live the shorter one counts")
def queue_time(channel, name, note):
    """The queue's own time to live and the message's: the shorter one counts."""
    import pika

    queue(channel, "timed-box")
    queue(channel, name("timed"), dead_letter_exchange="", dead_letter_routing_key=name("timed-box"),
          message_ttl=400)  # fmt: skip
    channel.confirm_delivery()
    channel.basic_publish("", name("timed"), "shorter", pika.BasicProperties(expiration="100"))
    channel.basic_publish("", name("timed"), "longer", pika.BasicProperties(expiration="60000"))
    channel.basic_publish("", name("timed"), "the queue's")
    for _ in range(3):
        _, properties, body = get(channel, "timed-box")
        death = properties.headers["x-death"][0]
        note("dead", body=body, reason=death["reason"], original=death.get("original-expiration"))
    method, _, _ = channel.basic_get("timed")
    note("left", empty=method is None)


@scenario("amqp", "a dead letter has not failed in its new queue, however it came there")
def at_least_once(channel, name, note):
    """At least once or at most, a dead letter has not failed in its new queue yet."""
    queue(channel, name("later"), "quorum")
    queue(channel, "safe", "quorum", dead_letter_exchange="", dead_letter_routing_key=name("later"),
          dead_letter_strategy="at-least-once", overflow="reject-publish")  # fmt: skip
    queue(channel, "unsafe", "quorum", dead_letter_exchange="", dead_letter_routing_key=name("later"))
    channel.confirm_delivery()
    for each in ("unsafe", "safe"):
        channel.basic_publish("", name, name)
        method, _, _ = held(channel, name)
        channel.basic_reject(method.delivery_tag, requeue=True)
        method, properties, _ = held(channel, name)
        note("received", queue=name, headers=deaths(properties.headers))
        channel.basic_reject(method.delivery_tag, requeue=False)
        method, properties, body = held(channel, "later")
        note("received", queue="later", body=body, redelivered=method.redelivered,
             headers=deaths(properties.headers))  # fmt: skip
    time.sleep(0.3)
    for each in ("safe", "unsafe", "later"):
        count = channel.queue_declare(name, passive=True).method.message_count
        note("left", queue=name, count=count)


@scenario("amqp", "what is purged or goes with its queue is no dead letter")
def gone(channel, name, note):
    """Purged, deleted with its queue, expired with its queue: none of these is dead-lettered."""
    queue(channel, "no-letters")
    queue(channel, name("purged"), dead_letter_exchange="", dead_letter_routing_key=name("no-letters"))
    queue(channel, name("unused"), dead_letter_exchange="", dead_letter_routing_key=name("no-letters"),
          expires=300)  # fmt: skip
    channel.confirm_delivery()
    for each in (name("purged"), name("purged"), "unused"):
        channel.basic_publish("", name, name)
    note(name("purged"), count=channel.queue_purge("purged").method.message_count)
    channel.basic_publish("", name("purged"), "more")
    note("deleted", count=channel.queue_delete("purged").method.message_count)
    time.sleep(1)
    note("letters", count=channel.queue_declare(name("no-letters"), passive=True).method.message_count)
    note("deleted", count=channel.queue_delete("unused").method.message_count)
