"""What comes back to a queue: in which order, marked how, counted how often."""

from tests.fidelity.amqp_steps import count, failures, get, queue
from tests.fidelity.scenario import after, scenario

KINDS = ("classic", "quorum")


def filled(channel, name, messages, kind):
    """A queue of a kind with messages that are named 1, 2 ..."""
    orders = queue(channel, name(f"orders-{kind}"), kind)
    channel.confirm_delivery()
    for number in range(1, messages + 1):
        channel.basic_publish("", orders, str(number))
    return orders


@scenario(
    "amqp", "what a killed consumer held comes back first, in its order and marked", ends="killed"
)
def is_killed(connection, name, note):
    for kind in KINDS:
        channel = connection.channel()
        orders = filled(channel, name, 4, kind)
        channel.basic_qos(prefetch_count=2)
        deliveries = channel.consume(orders)
        for settle in (True, False, False):
            method, _, body = next(deliveries)
            note("received", body=body, redelivered=method.redelivered, tag=method.delivery_tag)
            if settle:
                channel.basic_ack(method.delivery_tag)


@after(is_killed)
def comes_after(channel, name, note):
    for kind in KINDS:
        for _ in range(3):
            method, properties, body = get(channel, name(f"orders-{kind}"))
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 failures=failures(properties), left=method.message_count)  # fmt: skip


@scenario("amqp", "what a closed channel held comes back in its order")
def closes_its_channel(connection, name, note):
    for kind in KINDS:
        channel = connection.channel()
        orders = filled(channel, name, 4, kind)
        note("held", bodies=[get(channel, orders)[2] for _ in range(3)])
        channel.close()
        channel = connection.channel()
        for _ in range(4):
            method, properties, body = get(channel, orders)
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 failures=failures(properties))  # fmt: skip


@scenario("amqp", "a rejected message takes its old place, in a quorum queue that of its return")
def rejects(connection, name, note):
    """Of five that are held the third goes back alone, then the fifth, then the first."""
    for kind in KINDS:
        channel = connection.channel()
        orders = filled(channel, name, 6, kind)
        tags = [get(channel, orders)[0].delivery_tag for _ in range(5)]
        for place in (2, 4, 0):
            channel.basic_reject(tags[place], requeue=True)
        for _ in range(4):
            method, properties, body = get(channel, orders)
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 failures=failures(properties))  # fmt: skip


@scenario("amqp", "several that are nacked at once come back in their order")
def nacks_several(connection, name, note):
    for kind in KINDS:
        channel = connection.channel()
        orders = filled(channel, name, 5, kind)
        tags = [get(channel, orders)[0].delivery_tag for _ in range(4)]
        channel.basic_nack(tags[2], multiple=True, requeue=True)
        for _ in range(4):
            method, _, body = get(channel, orders)
            note("received", type=kind, body=body, redelivered=method.redelivered)
        channel.basic_nack(0, multiple=True, requeue=False)
        note("left", count=count(channel, orders))


@scenario("amqp", "basic.recover gives back all that a channel holds")
def recovers(connection, name, note):
    for kind in KINDS:
        channel = connection.channel()
        orders = filled(channel, name, 3, kind)
        for _ in range(2):
            get(channel, orders)
        channel.basic_recover(requeue=True)
        for _ in range(3):
            method, _, body = get(channel, orders)
            note("received", type=kind, body=body, redelivered=method.redelivered,
                 tag=method.delivery_tag)  # fmt: skip


@scenario("amqp", "a quorum queue counts rejections and lost channels")
def fails_again_and_again(connection, name, note):
    channel = connection.channel()
    orders = filled(channel, name, 1, "quorum")
    for _ in range(3):
        method, properties, _ = get(channel, orders)
        note("received", redelivered=method.redelivered, failures=failures(properties))
        channel.basic_reject(method.delivery_tag, requeue=True)
    for _ in range(2):
        method, properties, _ = get(channel, orders)
        note("received", redelivered=method.redelivered, failures=failures(properties))
        channel.close()
        channel = connection.channel()


@scenario(
    "amqp",
    "a nack with requeue is a failure that a quorum queue counts",
    differs="Quorum queues are those of RabbitMQ 4.3.",
)
def nacks_again_and_again(channel, name, note):
    orders = filled(channel, name, 1, "quorum")
    for _ in range(3):
        method, properties, _ = get(channel, orders)
        note("received", redelivered=method.redelivered, failures=failures(properties))
        channel.basic_nack(method.delivery_tag, requeue=True)
