"""Where messages go that a queue gives up, and what their headers say."""

import time


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


def limited(connect, note):
    channel = connect().channel()
    channel.exchange_declare("graves", "fanout", durable=True)
    queue(channel, "limited", "quorum", delivery_limit=2, dead_letter_exchange="graves")
    queue(channel, "limited-dead", "classic")
    channel.queue_bind("limited-dead", "graves")
    channel.confirm_delivery()
    channel.basic_publish("", "limited", "poison")
    for _ in range(3):
        method, properties, _ = held(channel, "limited")
        count = (properties.headers or {}).get("x-delivery-count", 0)
        note("received", redelivered=method.redelivered, failures=count)
        channel.basic_reject(method.delivery_tag, requeue=True)
    method, properties, body = get(channel, "limited-dead")
    note("dead", body=body, exchange=method.exchange, routing_key=method.routing_key,
         redelivered=method.redelivered, headers=deaths(properties.headers))  # fmt: skip
    note("left", count=channel.queue_declare("limited", passive=True).method.message_count)


def limited_into_quorum(connect, note):
    """The second queue counts by itself?"""
    channel = connect().channel()
    queue(channel, "first", "quorum", delivery_limit=1, dead_letter_exchange="",
          dead_letter_routing_key="second")  # fmt: skip
    queue(channel, "second", "quorum", delivery_limit=2, dead_letter_exchange="",
          dead_letter_routing_key="third")  # fmt: skip
    queue(channel, "third", "quorum")
    channel.confirm_delivery()
    channel.basic_publish("", "first", "poison")
    for name, times in (("first", 2), ("second", 3)):
        for _ in range(times):
            method, properties, _ = held(channel, name)
            note("received", queue=name, redelivered=method.redelivered,
                 headers=deaths(properties.headers or {}))  # fmt: skip
            channel.basic_reject(method.delivery_tag, requeue=True)
    method, properties, _ = held(channel, "third")
    note("received", queue="third", redelivered=method.redelivered,
         headers=deaths(properties.headers))  # fmt: skip


def given_up(connect, note):
    """Rejected, nacked, expired, too many: four reasons, one letter box."""
    channel = connect().channel()
    queue(channel, "box")
    queue(channel, "work", dead_letter_exchange="", dead_letter_routing_key="box", max_length=2)
    channel.confirm_delivery()
    import pika

    tagged = pika.BasicProperties(headers={"order": 7}, content_type="text/plain", message_id="m")
    for body in ("too many", "rejected", "nacked"):
        channel.basic_publish("", "work", body, tagged)
    method, _, body = held(channel, "work")
    channel.basic_reject(method.delivery_tag, requeue=False)
    method, _, body = held(channel, "work")
    channel.basic_nack(method.delivery_tag, requeue=False)
    properties = pika.BasicProperties(expiration="50", headers={"order": 8})
    channel.basic_publish("", "work", "expired", properties)
    for _ in range(4):
        method, properties, body = get(channel, "box")
        note("dead", body=body, exchange=method.exchange, routing_key=method.routing_key,
             expiration=properties.expiration, content_type=properties.content_type,
             message_id=properties.message_id, headers=deaths(properties.headers))  # fmt: skip


def retried(connect, note):
    """Two rounds through a waiting queue: rejected, expired, rejected, expired."""
    channel = connect().channel()
    for name in ("retry", "wait"):
        channel.exchange_declare(f"to-{name}", "direct", durable=True)
    queue(channel, "retry", dead_letter_exchange="to-wait")
    queue(channel, "wait", dead_letter_exchange="to-retry", message_ttl=100)
    channel.queue_bind("retry", "to-retry", "order")
    channel.queue_bind("wait", "to-wait", "order")
    channel.confirm_delivery()
    channel.basic_publish("to-retry", "order", "again")
    for _ in range(3):
        method, properties, body = held(channel, "retry")
        note("received", redelivered=method.redelivered, exchange=method.exchange,
             headers=deaths(properties.headers or {}))  # fmt: skip
        channel.basic_reject(method.delivery_tag, requeue=False)


def circle(connect, note):
    """Without a rejection a message does not come to the same queue twice."""
    channel = connect().channel()
    queue(channel, "round", dead_letter_exchange="", message_ttl=100)
    queue(channel, "there", dead_letter_exchange="", dead_letter_routing_key="back",
          message_ttl=100)  # fmt: skip
    queue(channel, "back", dead_letter_exchange="", dead_letter_routing_key="there",
          message_ttl=100)  # fmt: skip
    channel.confirm_delivery()
    channel.basic_publish("", "round", "to itself")
    channel.basic_publish("", "there", "there and back")
    time.sleep(1)
    for name in ("round", "there", "back"):
        note("left", queue=name, count=channel.queue_declare(name, passive=True).method.message_count)
    queue(channel, "again", dead_letter_exchange="")
    channel.basic_publish("", "again", "rejected")
    for _ in range(2):
        method, properties, body = held(channel, "again")
        note("received", body=body, headers=deaths(properties.headers or {}))
        channel.basic_reject(method.delivery_tag, requeue=False)
    method, properties, body = held(channel, "again")
    note("received", body=body, headers=deaths(properties.headers))


def expiring(connect, note):
    """A short time to live waits behind a long one; both leave in order."""
    import pika

    for kind in ("classic", "quorum"):
        channel = connect().channel()
        source, box = f"expiring-{kind}", f"expired-{kind}"
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


def queue_time(connect, note):
    """The queue's own time to live and the message's: the shorter one counts."""
    import pika

    channel = connect().channel()
    queue(channel, "timed-box")
    queue(channel, "timed", dead_letter_exchange="", dead_letter_routing_key="timed-box",
          message_ttl=400)  # fmt: skip
    channel.confirm_delivery()
    channel.basic_publish("", "timed", "shorter", pika.BasicProperties(expiration="100"))
    channel.basic_publish("", "timed", "longer", pika.BasicProperties(expiration="60000"))
    channel.basic_publish("", "timed", "the queue's")
    for _ in range(3):
        _, properties, body = get(channel, "timed-box")
        death = properties.headers["x-death"][0]
        note("dead", body=body, reason=death["reason"], original=death.get("original-expiration"))
    method, _, _ = channel.basic_get("timed")
    note("left", empty=method is None)


def at_least_once(connect, note):
    """At least once or at most, a dead letter has not failed in its new queue yet."""
    channel = connect().channel()
    queue(channel, "later", "quorum")
    queue(channel, "safe", "quorum", dead_letter_exchange="", dead_letter_routing_key="later",
          dead_letter_strategy="at-least-once", overflow="reject-publish")  # fmt: skip
    queue(channel, "unsafe", "quorum", dead_letter_exchange="", dead_letter_routing_key="later")
    channel.confirm_delivery()
    for name in ("unsafe", "safe"):
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
    for name in ("safe", "unsafe", "later"):
        count = channel.queue_declare(name, passive=True).method.message_count
        note("left", queue=name, count=count)


def gone(connect, note):
    """Purged, deleted with its queue, expired with its queue: none of these is dead-lettered."""
    channel = connect().channel()
    queue(channel, "no-letters")
    queue(channel, "purged", dead_letter_exchange="", dead_letter_routing_key="no-letters")
    queue(channel, "unused", dead_letter_exchange="", dead_letter_routing_key="no-letters",
          expires=300)  # fmt: skip
    channel.confirm_delivery()
    for name in ("purged", "purged", "unused"):
        channel.basic_publish("", name, name)
    note("purged", count=channel.queue_purge("purged").method.message_count)
    channel.basic_publish("", "purged", "more")
    note("deleted", count=channel.queue_delete("purged").method.message_count)
    time.sleep(1)
    note("letters", count=channel.queue_declare("no-letters", passive=True).method.message_count)
    note("deleted", count=channel.queue_delete("unused").method.message_count)


SCENARIOS = {
    "a delivery limit sends a poison message to the dead-letter exchange": [(limited, "closed")],
    "each quorum queue on a message's way counts for itself": [(limited_into_quorum, "closed")],
    "the headers of a dead letter say why, whence and how often": [(given_up, "closed")],
    "a retry loop counts its rounds in x-death": [(retried, "closed")],
    "a circle of dead letters ends unless a client rejected": [(circle, "closed")],
    "a short time to live waits behind a long one": [(expiring, "closed")],
    "of two times to live the shorter one counts": [(queue_time, "closed")],
    "a dead letter has not failed in its new queue, however it came there": [(at_least_once, "closed")],
    "what is purged or goes with its queue is no dead letter": [(gone, "closed")],
}
