"""What comes back to a queue: in which order, marked how, counted how often."""

import time


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


def killed_holding_two(connect, note):
    channel = connect().channel()
    for kind in ("classic", "quorum"):
        filled(channel, f"killed-{kind}", 4, kind)
        channel.basic_qos(prefetch_count=2)
        taken = channel.consume(f"killed-{kind}")
        method, _, body = next(taken)
        channel.basic_ack(method.delivery_tag)
        note("acked", body=body.decode())
        for _ in range(2):
            method, _, body = next(taken)
            note("held", body=body.decode(), redelivered=method.redelivered)
        channel.queue_declare(f"killed-{kind}", passive=True)
        channel = connect().channel()


def after_the_killed_one(connect, note):
    channel = connect().channel()
    for kind in ("classic", "quorum"):
        for _ in range(3):
            method, properties, body = get(channel, f"killed-{kind}")
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 failures=failures(properties), left=method.message_count)  # fmt: skip
            channel.basic_ack(method.delivery_tag)


def closed_channel(connect, note):
    connection = connect()
    for kind in ("classic", "quorum"):
        queue = f"closing-{kind}"
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


def turned_down(connect, note):
    """Of five that are held the third goes back alone, then the fifth, then the first."""
    for kind in ("classic", "quorum"):
        channel = connect().channel()
        queue = f"turned-down-{kind}"
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


def turned_down_together(connect, note):
    for kind in ("classic", "quorum"):
        channel = connect().channel()
        queue = f"together-{kind}"
        filled(channel, queue, 5, kind)
        for _ in range(4):
            method, _, _ = get(channel, queue)
        channel.basic_nack(method.delivery_tag - 1, multiple=True, requeue=True)
        for _ in range(4):
            method, _, body = get(channel, queue)
            note("received", type=kind, body=body, redelivered=method.redelivered)


def recovered(connect, note):
    for kind in ("classic", "quorum"):
        channel = connect().channel()
        queue = f"recovered-{kind}"
        filled(channel, queue, 3, kind)
        for _ in range(2):
            get(channel, queue)
        channel.basic_recover(requeue=True)
        for _ in range(3):
            method, _, body = get(channel, queue)
            note("received", type=kind, body=body, redelivered=method.redelivered)


def counted(connect, note):
    """Rejecting counts; so does a channel that is closed."""
    connection = connect()
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


def nacked(connect, note):
    """Two nacks with requeue, then the count."""
    channel = connect().channel()
    filled(channel, "nacked", 1, "quorum")
    for _ in range(2):
        method, _, _ = get(channel, "nacked")
        channel.basic_nack(method.delivery_tag, requeue=True)
    method, properties, _ = get(channel, "nacked")
    note("received", redelivered=method.redelivered, failures=failures(properties))


SCENARIOS = {
    "what a killed consumer held comes back first, in its order and marked": [
        (killed_holding_two, "killed"),
        (after_the_killed_one, "closed"),
    ],
    "what a closed channel held comes back": [(closed_channel, "closed")],
    "what is rejected takes its old place in a classic queue and the head of a quorum queue": [
        (turned_down, "closed")
    ],
    "several that are nacked at once come back in their order": [(turned_down_together, "closed")],
    "basic.recover gives back all that a channel holds": [(recovered, "closed")],
    "a quorum queue counts rejections and lost channels": [(counted, "closed")],
    "a nack with requeue and the count": [(nacked, "closed")],
}
