"""What comes back to a queue: in which order, marked how, counted how often."""

import time

from tests.fidelity.scenario import after, scenario


def get(channel, queue):
    """The next message of a queue, which may be on its way for some time."""
    for _ in range(200):
        method, properties, body = channel.basic_get(queue)
        if method is not None:
            return method, properties, body.decode()
        time.sleep(0.05)
    raise AssertionError(f"nothing came to {queue}")


def filled(channel, queue, count, kind):
    """A queue of a kind with messages that are named 1, 2 ..."""
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})
    channel.confirm_delivery()
    for number in range(1, count + 1):
        channel.basic_publish("", queue, str(number))


def failures(properties):
    """How often a quorum queue says that handing out has failed."""
    return (properties.headers or {}).get("x-delivery-count", 0)


@scenario(
    "amqp", "what a killed consumer held comes back first, in its order and marked", ends="killed"
)
def killed_holding_two(connection, name, note):
    channel = connection.channel()
    for kind in ("classic", "quorum"):
        filled(channel, name(f"killed-{kind}"), 4, kind)
        channel.basic_qos(prefetch_count=2)
        taken = channel.consume(name(f"killed-{kind}"))
        method, _, body = next(taken)
        channel.basic_ack(method.delivery_tag)
        note("acked", body=body.decode())
        for _ in range(2):
            method, _, body = next(taken)
            note("held", body=body.decode(), redelivered=method.redelivered)
        channel.queue_declare(name(f"killed-{kind}"), passive=True)
        channel = connection.channel()


@after(killed_holding_two)
def after_the_killed_one(channel, name, note):
    for kind in ("classic", "quorum"):
        for _ in range(3):
            method, properties, body = get(channel, name(f"killed-{kind}"))
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 failures=failures(properties), left=method.message_count)  # fmt: skip
            channel.basic_ack(method.delivery_tag)


@scenario("amqp", "what a closed channel held comes back")
def closed_channel(connection, name, note):
    for kind in ("classic", "quorum"):
        queue = name(f"closing-{kind}")
        channel = connection.channel()
        filled(channel, queue, 4, kind)
        for _ in range(3):
            _, _, body = get(channel, queue)
            note("held", body=body)
        channel.close()
        channel = connection.channel()
        for _ in range(4):
            method, properties, body = get(channel, queue)
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 failures=failures(properties))  # fmt: skip


@scenario(
    "amqp", "what is rejected takes its old place in a classic queue and the head of a quorum queue"
)
def turned_down(connection, name, note):
    """Of five that are held the third goes back alone, then the fifth, then the first."""
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        queue = name(f"turned-down-{kind}")
        filled(channel, queue, 6, kind)
        tags = []
        for _ in range(5):
            method, _, _ = get(channel, queue)
            tags.append(method.delivery_tag)
        for place in (2, 4, 0):
            channel.basic_reject(tags[place], requeue=True)
        for _ in range(4):
            method, properties, body = get(channel, queue)
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 failures=failures(properties))  # fmt: skip


@scenario("amqp", "several that are nacked at once come back in their order")
def turned_down_together(connection, name, note):
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        queue = name(f"together-{kind}")
        filled(channel, queue, 5, kind)
        for _ in range(4):
            method, _, _ = get(channel, queue)
        channel.basic_nack(method.delivery_tag - 1, multiple=True, requeue=True)
        for _ in range(4):
            method, _, body = get(channel, queue)
            note("received", type=kind, body=body, redelivered=method.redelivered)


@scenario("amqp", "basic.recover gives back all that a channel holds")
def recovered(connection, name, note):
    for kind in ("classic", "quorum"):
        channel = connection.channel()
        queue = name(f"recovered-{kind}")
        filled(channel, queue, 3, kind)
        for _ in range(2):
            get(channel, queue)
        channel.basic_recover(requeue=True)
        for _ in range(3):
            method, _, body = get(channel, queue)
            note("received", type=kind, body=body, redelivered=method.redelivered)


@scenario("amqp", "a quorum queue counts rejections and lost channels")
def counted(connection, name, note):
    """Rejecting counts; so does a channel that is closed."""
    channel = connection.channel()
    filled(channel, "counted", 1, "quorum")
    for _ in range(3):
        method, properties, _ = get(channel, "counted")
        note("received", redelivered=method.redelivered, failures=failures(properties))
        channel.basic_reject(method.delivery_tag, requeue=True)
    method, properties, _ = get(channel, "counted")
    note("received", redelivered=method.redelivered, failures=failures(properties))
    channel.close()
    channel = connection.channel()
    method, properties, _ = get(channel, "counted")
    note("received", redelivered=method.redelivered, failures=failures(properties))


@scenario("amqp", "a nack with requeue and the count")
def nacked(channel, name, note):
    """Two nacks with requeue, then the count."""
    filled(channel, "nacked", 1, "quorum")
    for _ in range(2):
        method, _, _ = get(channel, "nacked")
        channel.basic_nack(method.delivery_tag, requeue=True)
    method, properties, _ = get(channel, "nacked")
    note("received", redelivered=method.redelivered, failures=failures(properties))
